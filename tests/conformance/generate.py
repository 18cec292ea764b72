"""Random expressions and configurations for `compare.py`: mostly right, of every type, and a
little wrong now and then."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
SIGNATURES = json.loads((HERE / "signatures.json").read_text(encoding="utf-8"))
# What is different each time, takes long, or reads what is not there.
LEFT_OUT = {"bcrypt", "uuid", "timestamp", "plantimestamp", "rsadecrypt", "type", "abspath", "pathexpand"}

STRINGS = [
    '""', '"a"', '"B"', '"ab c"', '"é"', '"e\u0301"', '"ß"', '"ǆ İ"', '"日本"', '"👍🏽"', '"true"', '"false"',
    '"1"', '"01"', '"1.50"', '"0x1f"', '"1e3"', '"-5"', '" 7"', '"null"', '"a,b,,c"', '"a\\nb\\n"', '"\\t"',
    '"$${x}"', '"%%{y}"', '"10.0.0.0/8"', '"192.168.1.77/20"', '"fe80::1/64"', '"2001:db8::/32"', '"10.1.2.3"',
    '"2024-02-29T12:34:56Z"', '"2023-12-31T23:59:59.789+05:30"', '"1h30m"', '"-2.5s"', '"24h"',
    '"{\\"a\\":1,\\"b\\":[true,null]}"', '"[1, 2.5]"', '"a: 1\\nb: [x, y]\\n"', '"- 1\\n- ~\\n"', '"YQ=="', '"aGk"', '"h,v\\n1,2\\n3,4\\n"',
    '"क्षि ক্ষ"', '"\\u200b\\u0590\\u3000"', '"a\\u0897\\u0301"', '"\\r\\n"', '"~: {a: [}"', '"? x"', '"0o17"', '"2024-02-29"', '"!!binary YQ=="',
    '"%s-%d"', '"%5.2f|"', '"%#v"', '"%q"', '"%[2]s%[1]s"', '"%%"', '"%-6s|"', '"%+d"', '"%05d"', '"%x"', '"%t"',
    '"(a)(b)?"', '"[a-z]+"', '"(?P<n>\\\\d+)"', '"/a+/"', '"a.txt"', '"t.tftpl"', '"n.tftpl"', '"none.txt"', '"d"', '"*.txt"', '"**"',
    '"YYYY-MM-DD\'T\'hh:mm:ssZ"', '"EEEE, D MMM YY H:m AA"', '"x.y/z"', '"../a/./b"', '"hello world-foo_bar"', '"AbC"', '"\\u00e9\\U0001F600"', '"  x  "', '"utf-16le"', '"iso-8859-1"', '"a=b&c d/é"',
]
NUMBERS = [
    "0", "1", "-1", "2", "3", "10", "1.5", "-0.5", "0.1", "16", "36", "255", "256", "1e3", "1e21", "1e-7",
    "123456789012345678901234567890", "0.000001", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "4294967296", "1.0", "2.50", "(1/3)", "(2/3)", "1e100", "1e155", "-1e155", "115792089237316195423570985008687907853269984665640564039457584007913129639936", "(2e154 / 3)", "1e-300", "0.1e-20", "3.999999999999999999999",
]
BOOLS = ["true", "false", "(1 < 2)", '"true"']
TYPES = ["string", "number", "bool", "list(string)", "list(number)", "map(string)", "map(number)", "set(string)",
         "tuple", "object", "list(list(string))", "map(list(string))", "set(object)", "set(list(string))", "list(map(string))", "list(object)", "null"]
NAMES = ["a", "b", "c", "k-1", "é", "x_y"]
ODD_KEYS = ['"a b"', '"1"', "1", "true", '"${"x"}y"', '("p" )', "(local.us)", "null"]


class Maker:
    """Expressions of a wanted type, from one source of randomness."""

    def __init__(self, random, only=None):
        self.random = random
        self.only = only
        self.by_return = {}
        for name, signature in SIGNATURES.items():
            if name not in LEFT_OUT:
                self.by_return.setdefault(self.plain(signature["returns"]), []).append(name)
        self.scope = []

    @staticmethod
    def plain(wanted):
        if wanted.startswith("dynamic") or wanted == "any":
            return "any"
        return wanted

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, options):
        return self.random.choice(options)

    def expression(self):
        self.scope = []
        depth = self.pick([1, 2, 2, 3])
        if self.only:
            return self.call(self.pick(self.only), depth)
        if self.chance(0.5):
            names = [n for n in SIGNATURES if n not in LEFT_OUT]
            return self.call(self.pick(names), depth)
        return self.of(self.pick(TYPES), depth + 1)

    def of(self, wanted, depth):
        """An expression that is likely of a type."""
        if self.chance(0.04):
            wanted = self.pick(TYPES)
        if self.chance(0.03):
            return "null"
        if self.chance(0.05):
            return self.pick(["local.us", "local.un", "local.ub", "local.ul", "local.ss", "local.sn", "local.sl", "local.so"])
        if self.scope and self.chance(0.3):
            return self.pick(self.scope)
        if wanted == "null":
            return self.pick(["null", f"tostring(null)", "[null]", "{ a = null }"])
        if depth > 0 and self.chance(0.55):
            return self.compound(wanted, depth - 1)
        return self.leaf(wanted, depth)

    def leaf(self, wanted, depth):
        if wanted == "string":
            return self.pick(STRINGS)
        if wanted == "number":
            return self.pick(NUMBERS)
        if wanted == "bool":
            return self.pick(BOOLS)
        if wanted in ("any", "dynamic"):
            return self.of(self.pick(TYPES[:-1]), depth)
        if wanted == "tuple":
            return self.sequence(None, depth)
        if wanted == "object":
            return self.object(None, depth)
        outer, _, inner = wanted.partition("(")
        inner = inner[:-1]
        if outer in ("list", "set"):
            text = self.sequence(inner, depth)
            if self.chance(0.35) or (outer == "set" and self.chance(0.6)):
                return f"to{outer}({text})"
            return text
        if outer == "map":
            text = self.object(inner, depth)
            return f"tomap({text})" if self.chance(0.4) else text
        return self.pick(STRINGS)

    def sequence(self, inner, depth):
        count = self.pick([0, 1, 2, 2, 3, 4])
        items = [self.of(inner if inner and inner != "any" else self.pick(TYPES[:3] + (TYPES if depth > 1 else [])), depth - 1) for _ in range(count)]
        if inner == "any" and items and self.chance(0.7):
            items = [self.of("string", 0) for _ in items]
        return "[" + ", ".join(items) + "]"

    def object(self, inner, depth):
        count = self.pick([0, 1, 2, 2, 3])
        items = []
        for name in self.random.sample(NAMES, count):
            key = self.pick(ODD_KEYS) if self.chance(0.07) else name
            kind = inner if inner and inner != "any" else self.pick(TYPES[:3] + (TYPES if depth > 1 else []))
            value = self.of(kind, depth - 1)
            items.append(f"{key} {self.pick(['=', '=', ':'])} {value}")
        return "{ " + ", ".join(items) + " }" if items else "{}"

    def compound(self, wanted, depth):
        forms = [self.conditional, self.conditional, self.tried, self.looked_up, self.parens]
        if wanted == "string":
            forms += [self.template] * 3 + [self.heredoc]
        if wanted == "number":
            forms += [self.arithmetic] * 3
        if wanted == "bool":
            forms += [self.comparison] * 4
        if wanted.startswith(("list", "tuple")):
            forms += [self.for_list] * 3 + [self.splat] * 2
        if wanted.startswith(("map", "object")):
            forms += [self.for_map] * 3
        forms += [self.called] * 4 + [self.converted]
        return self.pick(forms)(wanted, depth)

    def parens(self, wanted, depth):
        return f"({self.of(wanted, depth)})"

    def conditional(self, wanted, depth):
        if self.chance(0.15):
            # Of what is not known, and with nothing on one side.
            condition = self.pick(["local.ub", "local.us == \"a\"", "local.un > 1", "local.us == null", "length(local.ul) > 0"])
            sides = [self.of(wanted, depth), self.pick(["null", self.of(wanted, depth)])]
            self.random.shuffle(sides)
            return f"({condition} ? {sides[0]} : {sides[1]})"
        other = wanted if self.chance(0.8) else self.pick(TYPES)
        sides = [self.of(wanted, depth), self.of(other, depth)]
        self.random.shuffle(sides)
        return f"({self.of('bool', depth - 1)} ? {sides[0]} : {sides[1]})"

    def tried(self, wanted, depth):
        if wanted == "bool" and self.chance(0.5):
            return f"can({self.of('any', depth)})"
        return f"try({self.of(self.pick(TYPES), depth)}.{self.pick(NAMES)}, {self.of(wanted, depth)})"

    def looked_up(self, wanted, depth):
        if self.chance(0.5):
            index = self.pick(["0", "1", '"0"', "-1", "local.un", "0.5"]) if self.chance(0.4) else "0"
            return f"[{self.of(wanted, depth)}, {self.of(wanted, depth)}][{index}]"
        name = self.pick(NAMES)
        access = self.pick([f".{name}", f'["{name}"]', f'["{self.pick(NAMES)}"]'])
        return f"{{ {name} = {self.of(wanted, depth)} }}{access}"

    def called(self, wanted, depth):
        names = self.by_return.get(wanted, []) + self.by_return.get("any", [])
        return self.call(self.pick(names), depth)

    def converted(self, wanted, depth):
        outer = wanted.partition("(")[0]
        if outer in ("string", "number", "bool", "list", "map", "set"):
            return f"to{outer}({self.of(self.pick([wanted, 'any']), depth)})"
        return self.of(wanted, depth)

    def call(self, name, depth):
        signature = SIGNATURES[name]
        args = [self.argument(name, p, i, depth) for i, p in enumerate(signature["params"])]
        if "variadic" in signature:
            for _ in range(self.pick([0, 1, 1, 2, 3])):
                args.append(self.argument(name, signature["variadic"], len(args), depth))
        if self.chance(0.01):
            args.append(self.of("any", 0))
        if args and self.chance(0.01):
            args.pop()
        if self.chance(0.02):
            return f"{name}({', '.join(args[:-1] + ['[' + ', '.join(args[-1:]) + ']...'])})"
        return f"{name}({', '.join(args)})"

    def argument(self, name, parameter, position, depth):
        """An argument: what the function is made for, or anything of its type."""
        wanted = parameter["type"]
        fitting = FITTING.get((name, position)) or FITTING.get((name, None))
        if fitting and self.chance(0.75):
            return self.pick(fitting)
        return self.of(self.plain(wanted), depth - 1)

    def template(self, _wanted, depth):
        parts = ['"']
        for _ in range(self.pick([1, 2, 3])):
            parts.append(self.part(depth))
        return "".join(parts) + '"'

    def part(self, depth):
        left, right = self.pick(["", "", "~"]), self.pick(["", "", "~"])
        kind = self.random.randrange(5)
        if kind <= 1:
            return self.pick(["a", " b ", "\\n", "é", "$${", "%%{", "$", "%", "\\\"", "\\t ", "$$$", "x$"])
        if kind == 2:
            return f"${{{left}{self.of(self.pick(['string', 'number', 'bool']), depth - 1)}{right}}}"
        if kind == 3:
            other = f"%{{{left} else {right}}}{self.pick(['n', ' n ', ''])}" if self.chance(0.6) else ""
            return f"%{{{left} if {self.of('bool', depth - 1)} {right}}}{self.pick([' y ', 'y', ''])}{other}%{{ endif {right}}}"
        self.scope.append("v")
        body = self.pick(["${v}", " ${v},", "${ v ~} ", "x"])
        self.scope.pop()
        names = self.pick(["v", "k, v"])
        return f"%{{ for {names} in {self.of(self.pick(['list(string)', 'map(string)']), depth - 1)} {right}}}{body}%{{{left} endfor }}"

    def heredoc(self, _wanted, depth):
        mark = self.pick(["<<", "<<-"])
        indents = [self.pick(["", "  ", "    ", "\t"]) for _ in range(3)]
        lines = [indent + self.part(depth).replace('\\"', '"') + self.pick(["", " x", "${1}"]) for indent in indents[: self.pick([0, 1, 2, 3])]]
        # A call around it takes the line break that has to follow the end.
        return f"chomp({mark}EOT\n" + "".join(line + "\n" for line in lines) + "    EOT\n)" if mark == "<<-" else f"trimspace({mark}EOT\n" + "".join(line + "\n" for line in lines) + "EOT\n)"

    def arithmetic(self, _wanted, depth):
        operator = self.pick(["+", "-", "*", "/", "%"])
        left = ("-" if self.chance(0.1) else "") + self.of("number", depth)
        return f"({left} {operator} {self.of('number', depth)})"

    def comparison(self, _wanted, depth):
        operator = self.pick(["==", "!=", "<", ">=", "&&", "||", "=="])
        kind = "number" if operator in ("<", ">=") else "bool" if operator in ("&&", "||") else self.pick(TYPES)
        text = f"({self.of(kind, depth)} {operator} {self.of(kind, depth)})"
        return "!" + text if self.chance(0.15) else text

    def source(self, depth):
        return self.of(self.pick(["list(string)", "map(string)", "set(string)", "list(number)", "tuple", "object", "list(object)"]), depth)

    def for_list(self, wanted, depth):
        source = self.source(depth)
        before = list(self.scope)
        key = self.pick(["", "", "k, "])
        self.scope += ["v"] + (["k"] if key else [])
        inner = wanted.partition("(")[2][:-1] or self.pick(TYPES[:3])
        result = self.of(inner, depth)
        condition = f" if {self.of('bool', depth - 1)}" if self.chance(0.25) else ""
        self.scope = before
        return f"[for {key}v in {source} : {result}{condition}]"

    def for_map(self, wanted, depth):
        source = self.source(depth)
        before = list(self.scope)
        key = self.pick(["", "k, ", "k, "])
        self.scope += ["v"] + (["k"] if key else [])
        inner = wanted.partition("(")[2][:-1] or self.pick(TYPES[:3])
        name = self.pick(["v", "v"] + (["k", "k", '"${k}"'] if key else []) + [self.of("string", 0)])
        group = self.pick(["", "", "..."])
        result = self.of(inner, depth)
        condition = f" if {self.of('bool', depth - 1)}" if self.chance(0.25) else ""
        self.scope = before
        return f"{{for {key}v in {source} : {name} => {result}{group}{condition}}}"

    def splat(self, _wanted, depth):
        if self.chance(0.15):
            return self.pick(["local.us", "local.ul", "local.so", "local.sl", "null", "[local.ul, [1]]", "[local.so]"]) + self.pick(["[*]", "[*].a", ".*.a", "[*][0]"])
        target = self.of(self.pick(["list(object)", "list(map(string))", "object", "null", "string", "tuple", "set(string)", "list(list(string))"]), depth)
        return target + self.pick(["[*]", f"[*].{self.pick(NAMES)}", f".*.{self.pick(NAMES)}", "[*][0]", f'[*]["{self.pick(NAMES)}"]', ".*", "[*].0"])

    def broken(self):
        """An expression with one or two tokens changed."""
        text = self.expression()
        pieces = ["(", ")", "[", "]", "{", "}", '"', "${", "%{", "}", ",", ".", "=", "=>", ":", "?", "...", "..", "::", "&&", "&", "|", "!", "==", "for", "in", "if", " ", "\n",
                  "*", "1", "1.", ".5", "0x", "1e", "é", "'", "`", ";", "\\", "#", "//", "/*", "<<E", "~", "null", "-", "%{ if true }", "%{ endif }", "%{ else }", "\u00a0", "\t", "@", "$", "[*]", ".*", ".0", "a.1.2"]
        for _ in range(self.pick([1, 1, 2])):
            at = self.random.randrange(len(text) + 1)
            if self.chance(0.5):
                text = text[:at] + self.pick(pieces) + text[at:]
            else:
                text = text[:at] + text[at + self.pick([1, 1, 2, 5]):]
        return text or "1"


def quoted(*texts):
    return [json.dumps(text, ensure_ascii=False).replace("${", "$${") for text in texts]


FORMATS = quoted("%s", "%d", "%v", "%5.1f", "%q", "%#v", "%t", "%x", "%X", "%b", "%o", "%e", "%g", "%G", "%E", "%08.3f", "%-8s|", "%+d", "% d", "%%", "%[2]v-%[1]v", "%s %s", "%6.2s|", "%*d", "%c", "%", "%!", "%[3]s", "é%3sé", "%#x", "%+.3e", "%.0f", "%5t|", "%05s", "%j", "%i", "%U", "%#o", "%.20g", "%s%%%d")
TIMES = quoted("2024-02-29T12:34:56Z", "2023-12-31T23:59:59.789+05:30", "0001-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-06-01T00:00:00-07:00", "2024-01-01", "9999-12-31T23:59:59Z", "2024-01-01T24:00:00Z", "2024-01-01t00:00:00z")
NETWORKS = quoted("10.0.0.0/8", "192.168.1.77/20", "fe80::1/64", "2001:db8::/32", "10.1.2.3", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/31", "172.16.0.0/12", "::ffff:10.0.0.0/104", "010.0.0.0/8", "2001:db8::1/127", "fe80::/10", "2001:db8:ffff::/48", "::1", "1::2::3/64", "fe80::1%eth0/64", "")
PATTERNS = quoted("(a)(b)?", "[a-z]+", "(?P<n>\\d+)", "^(\\w+) ", "a|b", "", "(", "(?i)AB", "[[:alpha:]]", "\\pL", "(?P<a>x)(y)", "a{2,1}", "x*", "\\d{3}", "(?s).", "^$", "\\bfoo\\b", "[^a]", "(a(b)?)+", "\\x41", "(?m)^b")
SUBJECTS = quoted("ab", "hello world 42", "aXbX", "日本語", "", "a\nb", "foo_bar foo", "AAB", "x=1;y=22")
JSONS = quoted('{"a":1,"b":[true,null,"x"]}', "[]", "1e400", '"é"', "{", "[1,2.50,1e3]", "null", '{"a":1,"a":2}', " true ", "01", '"\\ud83d\\ude00"', '"\\ud83d"', "[1,]", '{"k":{"n":[{}]}}', "12345678901234567890.123456789")
YAMLS = quoted("a: 1", "- x\n- y", "a: &x 1\nb: *x", "yes", "0o17", "0x1f", "1_000", "~", "", "a: b: c", "|\n  text\n", ">-\n  a\n  b\n", "2024-01-01", "!!str 5", "{a: [1, 2]}", "'it''s'", "\"\\u00e9\"", "a: 1\na: 2", "--- 1\n--- 2", ".inf", "1e3", "no", "on", "a:\n - 1\n - b", "? x\n: y", "<<: {a: 1}", "!!binary aGk=", "- - 1", "0b11", "-.5", "+1", "12:30:45", "null", "!foo 1", "# c", "a: 'x' # c", "%YAML 1.2\n---\nx")
FITTING = {
    ("format", 0): FORMATS, ("formatlist", 0): FORMATS,
    ("formatdate", 1): TIMES, ("timeadd", 0): TIMES, ("timecmp", None): TIMES,
    ("formatdate", 0): quoted("YYYY-MM-DD", "DD MMM YY hh:mm:ss ZZZ", "EEEE EEE", "H:m:s AA aa", "Z ZZZZ ZZZZZ", "'it''s' D", "M MM MMM MMMM", "YYY", "'x", "h hh HH", "é D", "YY-M-D", "S", "ZZ", "DDD"),
    ("timeadd", 1): quoted("1h", "-1.5h", "10m30s", "1d", "", "1ns", "300ms", "1h-1m", "9999999h", "µ", "1us", "1µs", "+5s", ".5s", "5"),
    ("cidrhost", 0): NETWORKS, ("cidrnetmask", 0): NETWORKS, ("cidrsubnet", 0): NETWORKS, ("cidrsubnets", 0): NETWORKS,
    ("cidrhost", 1): ["0", "1", "-1", "256", "1e10", "65536", "-300", "0.5"], ("cidrsubnet", 1): ["0", "1", "4", "8", "24", "33", "-1", "100"], ("cidrsubnet", 2): ["0", "1", "15", "16", "-1", "255", "1e12"], ("cidrsubnets", None): ["1", "4", "8", "0", "24", "2"],
    ("regex", 0): PATTERNS, ("regexall", 0): PATTERNS, ("regex", 1): SUBJECTS, ("regexall", 1): SUBJECTS,
    ("replace", 0): SUBJECTS, ("replace", 1): quoted("a", "/a+/", "/(\\w)(\\d)?/", "", "//", "/", "/[/", "X", "/o/x"), ("replace", 2): quoted("", "$1", "${1}x", "$2-$1", "$$", "\\1", "$n", "z", "$1x"),
    ("jsondecode", 0): JSONS, ("yamldecode", 0): YAMLS + JSONS,
    ("csvdecode", 0): quoted("a,b\n1,2", "a\n", "", "a,a\n1,2", "a,b\n1", "\"q\"\"x\",b\n\"1\n2\",3\n", "a,b\r\n1,2\r\n", "a;b", "\"a", "a,\n1,2", "é,b\n1,2", "\n\na\n1", "a b, c\n1, 2"),
    ("base64decode", 0): quoted("YQ==", "YQ", "8J+Yig==", "/w==", "", "Y Q==", "YQ==\n", "_w=="), ("textdecodebase64", 0): quoted("YQBiAA==", "/w==", "YWI=", "6Q==", "!"),
    ("textencodebase64", 1): quoted("UTF-16LE", "utf-8", "iso-8859-1", "windows-1252", "shift_jis", "utf-7", "", "cp437", "UTF-16", "us-ascii", "gbk", "latin1"), ("textdecodebase64", 1): quoted("UTF-16LE", "utf-8", "iso-8859-1", "windows-1252", "shift_jis", "utf-16be", "", "koi8-r"),
    ("parseint", 0): quoted("10", "ff", "-7f", "0", "", "zz", "+5", "1_000", "0x1f", "Zz", "99999999999999999999999", "1.5", " 1"), ("parseint", 1): ["2", "8", "10", "16", "36", "62", "63", "1", "0", "1.5"],
    ("substr", 0): SUBJECTS, ("substr", 1): ["0", "1", "-1", "5", "-20", "0.5"], ("substr", 2): ["0", "1", "-1", "100", "-2"],
    ("templatefile", 0): quoted("t.tftpl", "n.tftpl", "a.txt", "none.tftpl", "d"), ("templatefile", 1): ['{ n = "x", l = [1, 2] }', "{ num = 1 }", "{}", '{ num = local.us }', '{ n = local.ss, l = [] }', '{ num = [1] }', 'tomap({ num = "x" })', '{ "a b" = 1 }'],
    ("templatestring", 0): ["local.us", '"x"', 'local.so.a', '{ t = "$${a}" }.t', '"${"a"}"', 'local.ss'], ("templatestring", 1): ["{ a = 1 }", "{}", "{ a = local.us }", "{ a = [] }", "null"],
    ("file", 0): quoted("a.txt", "none", "d", "d/x.txt", "./d/../a.txt", ""), ("fileexists", 0): quoted("a.txt", "none", "d", ""), ("fileset", 0): quoted(".", "d", "none", "d/.."), ("fileset", 1): quoted("*", "**", "*.txt", "{a,t}*", "d/*", "[", "**/*.md", "?.txt", "[ab].txt"),
    ("filebase64", 0): quoted("a.txt", "none"), ("filemd5", 0): quoted("a.txt", "none"), ("filesha1", 0): quoted("a.txt"), ("filebase64sha256", 0): quoted("a.txt"),
    ("range", None): ["0", "1", "3", "-2", "0.5", "10", "2.5", "1025", "-1"],
    ("element", 1): ["0", "1", "5", "-1", "0.5", "1e20"], ("chunklist", 1): ["0", "1", "2", "-1", "1.5", "100"], ("slice", 1): ["0", "1", "-1", "2"], ("slice", 2): ["0", "1", "2", "3", "9"],
    ("setproduct", None): ['["a", "b"]', "[1, 2]", "[]", "toset([true])", '["x", 1]', "local.ul", "[[1], [2]]", "local.sl", "[null]", 'tolist(["q"])'],
    ("lookup", 0): ['{ a = 1, b = 2 }', 'tomap({ a = "x" })', '{ a = "x", b = 1 }', "{}", "local.so", '{ a = [1] }', "tomap({})"], ("lookup", 1): quoted("a", "b", "z") + ["local.us", "null"],
    ("merge", None): ["{ a = 1 }", '{ b = "x" }', "{}", "null", 'tomap({ a = "y" })', "tomap({ c = 1 })", "local.so", "{ a = { b = 1 } }", "{ a = local.us }"],
    ("pow", None): ["2", "0", "-1", "0.5", "10", "100", "1.5", "-8", "1000"], ("log", None): ["2", "10", "0", "1", "-1", "8", "0.5", "100"],
    ("zipmap", 0): ['["a", "b"]', '["a", "a"]', "[]", '["a"]', "local.ul", '[1, 2]', '["é", null]'],
    ("transpose", 0): ['{ a = ["x", "y"], b = ["x"] }', "{}", "{ a = [] }", '{ a = ["x", null] }', '{ a = "x" }', "{ a = [1] }", '{ a = local.ul }'],
    ("matchkeys", None): ['["a", "b", "c"]', '["x", "y", "x"]', "[]", '["x"]', "[1, 2, 1]"],
    ("index", 0): ['["a", "b"]', "[1, 2]", "[]", '["x", 1]'], ("index", 1): ['"a"', "2", '"z"', "null", '"1"'],
    ("distinct", 0): ['["a", "b", "a"]', '[1, "1", 1]', "[[1], [1]]", "[null, null]", "[]", '[true, "true"]', "local.sl", "[{ a = 1 }, { a = 1 }]"],
    ("flatten", 0): ["[[1], [[2]], 3]", "[[], [null]]", "[toset([1]), [2]]", "[local.ul]", "[{ a = [1] }]", '"x"', "[local.sl]", 'tolist([["a"]])', "[1, [local.us, [local.ul]]]"],
    ("one", 0): ["[]", "[1]", "[1, 2]", "toset([1])", "null", "local.ul", "[null]", "1", "local.sl"],
    ("sum", 0): ["[1, 2.5]", "[]", '["1", 2]', "toset([1, 2])", "[null]", '["x"]', "[1e30, 1]", "[0.1, 0.2]", "local.un", "[local.sn, 1]", "[1, local.un]"],
    ("nonsensitive", 0): ["local.ss", "local.sl", "local.so", '"x"', "local.us", "[local.ss]", "null"], ("sensitive", 0): ["1", "local.ss", "[1]", "null", "local.us"],
    ("urlencode", 0): quoted("a b&c=d/é?", "~-_.!*'()", "", "+%"),
    ("indent", 0): ["0", "2", "-1", "1.5"], ("indent", 1): quoted("a\nb", "a\n\nb\n", "", "x"), ("title", 0): quoted("hello wörld", "a-b c_d", "ǆ x", "it's o'clock", "ALL caps", "1st ünïcode"),
    ("trim", 1): quoted(" ", "a", "", "éx"), ("split", 0): quoted(",", "", "aa", "é"), ("join", 0): quoted(",", "", "é"), ("strrev", 0): quoted("e\u0301x", "👍🏽👨‍👩‍👧", "añb", ""),
    ("signum", 0): ["-0", "-5", "0.1"], ("floor", 0): ["1.9", "-1.1", "1e30", "-0.5"], ("ceil", 0): ["1.1", "-1.9", "-0.5", "1e30"], ("abs", 0): ["-0", "-1.5", "1"],
    ("keys", 0): ['{ b = 1, a = 2 }', "tomap({})", "{}", "local.so", "[1]", '{ "é" = 1, z = 2, A = 3 }'], ("values", 0): ['{ b = 1, a = "x" }', "tomap({ a = 1 })", "{}", "local.so"],
    ("contains", 0): ['["a", "b"]', "[1, 2]", "toset([1])", '["1", 2]', "[null]", "local.ul", "[[1]]"], ("contains", 1): ['"a"', "1", '"1"', "null", "[1]", "local.us"],
    ("coalesce", None): ["null", '""', '"a"', "1", "true", "local.us", "[1]", "local.ss", "[]"], ("coalescelist", None): ["[]", "[1]", '["a"]', "null", "local.ul", "toset([1])", "tolist([])", '"x"'],
    ("compact", 0): ['["a", "", null, "b"]', "[]", "[1, 2]", "toset([\"\"])", "[local.us, \"\"]"],
    ("setsubtract", None): ['["a", "b"]', "[1]", "[]", "toset([1, 2])", '["a", 1]', "local.ul"], ("setunion", None): ['["a"]', "[1]", "[]", 'toset(["b"])', "[true]", "local.ul", "[[]]"], ("setintersection", None): ['["a", "b"]', '["b"]', "[1]", "[]", "local.ul"],
    ("max", None): ["1", '"2"', "null", "-1", "1.5", "local.un", "local.sn"], ("min", None): ["1", '"2"', "-1", "1.5", "local.un"],
    ("alltrue", 0): ["[]", "[true, false]", '["true"]', "[null]", "[local.ub]", "[true, local.ub]", "toset([true])"], ("anytrue", 0): ["[]", "[false, true]", '["x"]', "[null, true]", "[local.ub, true]", "[local.ub]"],
    ("sort", 0): ['["b", "a", "é", "B"]', "[3, 10, 2]", "[]", '["a", null]', "toset([\"z\", \"y\"])", "local.ul"], ("reverse", 0): ["[1, 2]", "toset([1, 2])", '"ab"', "[]", '["a", 1]'],
    ("concat", None): ["[1]", '["a"]', "[]", "tolist([1])", "toset([1])", "null", "local.ul", "[[1]]", 'tolist(["x"])'],
}


def configuration(random):
    """The files of a small configuration: one to four features, some of them made wrong."""
    files = {"main.tf": ""}
    for number, feature in enumerate(random.sample(FEATURES, random.choice([1, 1, 2, 3]))):
        for name, text in feature(random, str(number)).items():
            files[name] = files.get(name, "") + text
    return files


def pick(random, *options):
    return random.choice(options)


def variable(random, n):
    kind = pick(random, "string", "number", "bool", "list(string)", "map(number)", "set(string)", "any", "list(any)",
                "object({ a = string, b = optional(number, 3) })", "tuple([string, number])", "map(object({ x = optional(string) }))",
                "list", "map", "strin", '"string"', "list()", "object({})", "object({ a = optional(list(string), []) , c = optional(object({ d = optional(bool, true) }), {}) })")
    default = pick(random, "null", '"a"', "1", "true", '["a", "b"]', "{ a = 1 }", '{ a = "x" }', "[]", "{}", '["a", 1]', '{ k = { x = "y" }, l = {} }', "[1, [2]]", '"1"', None, "local.x", "upper(\"a\")")
    text = f'variable "v{n}" {{\n  type = {kind}\n'
    if default is not None:
        text += f"  default = {default}\n"
    if random.random() < 0.2:
        text += f"  nullable = {pick(random, 'false', 'true', 'null', '1')}\n"
    if random.random() < 0.2:
        text += f"  sensitive = {pick(random, 'true', 'false')}\n"
    if random.random() < 0.3:
        condition = pick(random, f"var.v{n} != null", f"length(var.v{n}) > 0", "true", f"can(regex(\"a\", var.v{n}))", "null", "1", f"var.v{n}.a == 1", "false", "local.nope")
        message = pick(random, '"Must be right."', '"bad"', f'"Is ${{var.v{n}}}."', '""', "null", '"Not ${1 + 1} right."')
        text += f"  validation {{\n    condition = {condition}\n    error_message = {message}\n  }}\n"
    text += "}\n"
    output = f'output "o{n}" {{\n  value = {pick(random, f"var.v{n}", f"[var.v{n}]", f"jsonencode(var.v{n})", f"var.v{n}.a", f"var.v{n}[0]")}\n'
    if random.random() < 0.25:
        output += f"  sensitive = {pick(random, 'true', 'false')}\n"
    files = {"main.tf": text + output + "}\n"}
    if random.random() < 0.35:
        value = pick(random, '"t"', "7", '["z"]', '{ a = "q", b = 9 }', "null", "true", '{ a = "q", extra = 1 }')
        name = pick(random, "terraform.tfvars", "a.auto.tfvars", "b.auto.tfvars.json", "terraform.tfvars.json")
        if name.endswith("json"):
            value = value.replace("=", ":").replace("a :", '"a" :').replace("b :", '"b" :').replace("extra :", '"extra" :')
            files[name] = f'{{ "v{n}": {value} }}\n'
        else:
            files[name] = f"v{n} = {value}\n"
    return files


def counted(random, n):
    count = pick(random, "2", "0", "-1", "1.5", '"2"', "null", "true", "[]", "length([1, 2, 3])", "terraform_data.other.id", "sensitive(1)", "1e3 > 2 ? 1 : 0", "var.nope")
    use = pick(random, "count.index", '"${count.index}-x"', "count.index + 1", "each.key", "count.value", "terraform_data.c{n}[0].id", "self.id", "count")
    ref = pick(random, f"terraform_data.c{n}[0].input", f"terraform_data.c{n}[*].input", f"terraform_data.c{n}.input", f"terraform_data.c{n}[5].input", f'terraform_data.c{n}["a"].input', f"length(terraform_data.c{n})", f"[for x in terraform_data.c{n} : x.input]", f"terraform_data.c{n}", f"one(terraform_data.c{n}[*].input)", f"terraform_data.c{n}[0].nope", f"terraform_data.c{n}.*.input")
    return {"main.tf": f'resource "terraform_data" "c{n}" {{\n  count = {count}\n  input = {use.replace("{n}", n)}\n}}\noutput "c{n}" {{\n  value = {ref}\n}}\n'
            + (f'resource "terraform_data" "other" {{}}\n' if "other" in count else "")}


def repeated(random, n):
    each = pick(random, 'toset(["a", "b"])', '{ a = 1, b = "x" }', '["a"]', "toset([])", "{}", "null", '"a"', "toset([1, 2])", 'toset(["a", null])', "tomap({ a = { x = 1 } })", "sensitive({ a = 1 })", '{ for k in ["p", "q"] : k => upper(k) }', "terraform_data.other.id", "toset([terraform_data.other.id])", "{ a = terraform_data.other.id }", '{ "a b" = 1, "é" = 2, "" = 3 }', "toset([true])", "1", "local.nope", "toset([[]])")
    use = pick(random, "each.value", "each.key", "[each.key, each.value]", "each.value.x", "count.index", "each", "each.nope", "try(each.value.x, 0)", '"${each.key}=${each.value}"')
    ref = pick(random, f'terraform_data.e{n}["a"].input', f"[for k, v in terraform_data.e{n} : \"${{k}}=${{jsonencode(v.input)}}\"]", f"values(terraform_data.e{n})[*].input", f"terraform_data.e{n}.input", f"terraform_data.e{n}[0].input", f"keys(terraform_data.e{n})", f'terraform_data.e{n}["zz"].input', f"terraform_data.e{n}[*].input", f"terraform_data.e{n}")
    return {"main.tf": f'resource "terraform_data" "e{n}" {{\n  for_each = {each}\n  input = {use}\n}}\noutput "e{n}" {{\n  value = {ref}\n}}\n'
            + (f'resource "terraform_data" "other" {{}}\n' if "other" in each else "")}


def module(random, n):
    variables = pick(random, 'variable "a" {\n  type = string\n}\n', 'variable "a" {\n  default = "d"\n}\n', 'variable "a" {\n  type = list(number)\n  default = []\n  nullable = false\n}\n', 'variable "a" {\n  type = object({ x = string, y = optional(number, 5) })\n  default = { x = "1" }\n}\n', "")
    inner = variables + 'resource "terraform_data" "i" {\n  input = ' + ("var.a" if variables else "1") + "\n}\n"
    inner += 'output "o" {\n  value = ' + pick(random, "terraform_data.i.input", '"fixed"', "terraform_data.i.id != \"\"", "path.module", "terraform_data.i.output") + "\n" + pick(random, "", "", "  sensitive = true\n", "  depends_on = [terraform_data.i]\n") + "}\n"
    repeat = pick(random, "", "", "  count = 2\n", '  for_each = toset(["a", "b"])\n', "  count = 0\n", "  count = true\n", "  for_each = [1]\n", "  count = 1\n  for_each = {}\n")
    given = pick(random, "", '  a = "given"\n', "  a = null\n", "  a = [1, \"2\"]\n", "  a = { x = 1, z = 2 }\n", "  a = terraform_data.m{n}.id\n", "  b = 1\n", "  a = each.key\n", "  a = count.index\n", '  a = sensitive("s")\n', "  a = 1\n  a = 2\n").replace("{n}", n)
    extra = pick(random, "", "", "", f"  depends_on = [terraform_data.m{n}]\n", '  version = "1.0"\n', "  providers = {}\n", "  lifecycle {}\n", "  depends_on = [local.x]\n")
    source = pick(random, f'"./mod{n}"', f'"./mod{n}"', f'"./mod{n}"', f'"./mod{n}/"', '"./missing"', f'"mod{n}"', f"local.s", f'"./mod${{1}}"', "null")
    ref = pick(random, f"module.m{n}.o", f"module.m{n}[0].o", f'module.m{n}["a"].o', f"module.m{n}[*].o", f"[for m in module.m{n} : m.o]", f"module.m{n}.nope", f"module.m{n}", f"values(module.m{n})[*].o", f"module.m{n}.i")
    text = f'module "m{n}" {{\n  source = {source}\n{repeat}{given}{extra}}}\noutput "mo{n}" {{\n  value = {ref}\n{pick(random, "", "", "  sensitive = true" + chr(10))}}}\nresource "terraform_data" "m{n}" {{}}\n'
    return {"main.tf": text, f"mod{n}/main.tf": inner}


def lifecycle(random, n):
    inside = pick(random, "create_before_destroy = true", "prevent_destroy = true", "ignore_changes = [input]", "ignore_changes = all", "ignore_changes = [nope]", "ignore_changes = [id]", 'ignore_changes = ["input"]', "ignore_changes = input", "ignore_changes = [input[0], triggers_replace]",
                  f"replace_triggered_by = [terraform_data.t{n}]", f"replace_triggered_by = [terraform_data.t{n}.input]", "replace_triggered_by = [local.x]", "replace_triggered_by = [1]", "prevent_destroy = var.x", "create_before_destroy = 1", 'create_before_destroy = "true"', "nope = 1", f"replace_triggered_by = [terraform_data.t{n}.nope]", f"replace_triggered_by = [terraform_data.t{n}[0]]",
                  'precondition {\n      condition = true\n      error_message = "x"\n    }', f'precondition {{\n      condition = terraform_data.t{n}.input == 2\n      error_message = "Input must be ${{1 + 1}}."\n    }}', 'postcondition {\n      condition = self.input == 1\n      error_message = "Wrong."\n    }', 'postcondition {\n      condition = self.nope == 1\n      error_message = "Wrong."\n    }', 'precondition {\n      condition = self.input == 1\n      error_message = "Wrong."\n    }', 'precondition {\n      condition = "yes"\n      error_message = "Wrong."\n    }', "precondition {\n      condition = null\n      error_message = null\n    }", "precondition {\n      condition = true\n    }")
    before = pick(random, "", "", "  depends_on = [terraform_data.t{n}]\n", "  depends_on = [terraform_data.zz]\n", '  depends_on = ["terraform_data.t{n}"]\n', "  depends_on = terraform_data.t{n}\n", "  depends_on = [terraform_data.t{n}.id]\n", "  depends_on = [var.x]\n", "  depends_on = [terraform_data.t{n}[0]]\n", "  provider = terraform\n", "  provider = aws\n", "  depends_on = [module.zz]\n").replace("{n}", n)
    triggers = pick(random, "", "", "  triggers_replace = [1, terraform_data.t{n}.id]\n", "  triggers_replace = null\n", "  output = 1\n", '  id = "x"\n', "  nope = 1\n", "  input {}\n", '  provisioner "nope" {}\n', "  connection {}\n", "  dynamic \"input\" {\n    for_each = []\n    content {}\n  }\n", "  timeouts {}\n").replace("{n}", n)
    return {"main.tf": f'resource "terraform_data" "l{n}" {{\n  input = {pick(random, "1", "[1]", "{ a = 1 }", f"terraform_data.t{n}.output")}\n{before}{triggers}  lifecycle {{\n    {inside}\n  }}\n}}\nresource "terraform_data" "t{n}" {{\n  input = 2\n}}\n'}


def changes(random, n):
    block = pick(random, f"moved {{\n  from = terraform_data.old{n}\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = terraform_data.new{n}\n  to = terraform_data.old{n}\n}}\n", f"moved {{\n  from = terraform_data.new{n}\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = terraform_data.old{n}[0]\n  to = terraform_data.new{n}\n}}\n", f'moved {{\n  from = terraform_data.old{n}["a"]\n  to = terraform_data.new{n}\n}}\n', "moved {\n  from = module.a\n  to = module.b\n}\n", f"moved {{\n  from = module.a.terraform_data.x\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = module.a\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = terraform_data.old{n}\n}}\n", f'moved {{\n  from = "terraform_data.old{n}"\n  to = terraform_data.new{n}\n}}\n', f"moved {{\n  from = terraform_data.old{n}.id\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = aws_thing.old{n}\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = data.a.b\n  to = terraform_data.new{n}\n}}\n", f"moved {{\n  from = terraform_data.a\n  to = terraform_data.new{n}\n}}\nmoved {{\n  from = terraform_data.b\n  to = terraform_data.new{n}\n}}\n", "moved {\n  from = var.a\n  to = local.b\n}\n", f"moved {{\n  from = terraform_data.a\n  to = terraform_data.b\n}}\nmoved {{\n  from = terraform_data.b\n  to = terraform_data.a\n}}\n",
                 f"removed {{\n  from = terraform_data.old{n}\n}}\n", f"removed {{\n  from = terraform_data.new{n}\n}}\n", f"removed {{\n  from = terraform_data.old{n}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n", f"removed {{\n  from = terraform_data.old{n}[0]\n}}\n", "removed {\n  from = module.gone\n}\n", "removed {}\n", f"removed {{\n  from = terraform_data.old{n}\n  lifecycle {{\n    destroy = var.x\n  }}\n}}\n", f'removed {{\n  from = terraform_data.old{n}\n  lifecycle {{\n  }}\n}}\n', f"removed {{\n  from = data.a.b\n}}\n", f"removed {{\n  from = terraform_data.old{n}\n}}\nremoved {{\n  from = terraform_data.old{n}\n}}\n",
                 f'import {{\n  to = terraform_data.new{n}\n  id = "abc"\n}}\n', f'import {{\n  to = terraform_data.zz{n}\n  id = "abc"\n}}\n', f"import {{\n  to = terraform_data.new{n}\n}}\n", f'import {{\n  to = terraform_data.new{n}[0]\n  id = "abc"\n}}\n', f'import {{\n  id = "abc"\n}}\n', f"import {{\n  to = terraform_data.new{n}\n  id = null\n}}\n", f'import {{\n  to = terraform_data.new{n}\n  id = ""\n}}\n', f"import {{\n  to = terraform_data.new{n}\n  id = terraform_data.new{n}.id\n}}\n", f"import {{\n  to = terraform_data.new{n}\n  id = [1]\n}}\n", f'import {{\n  for_each = toset(["a"])\n  to = terraform_data.new{n}[each.key]\n  id = each.key\n}}\n', f'import {{\n  to = "terraform_data.new{n}"\n  id = "abc"\n}}\n', f'import {{\n  to = data.a.b\n  id = "abc"\n}}\n', f'import {{\n  to = terraform_data.new{n}\n  id = "a"\n}}\nimport {{\n  to = terraform_data.new{n}\n  id = "b"\n}}\n', f"import {{\n  to = terraform_data.new{n}\n  id = sensitive(\"x\")\n}}\n",
                 f'check "c{n}" {{\n  assert {{\n    condition = terraform_data.new{n}.input == 1\n    error_message = "Not one."\n  }}\n}}\n', f'check "c{n}" {{\n  assert {{\n    condition = false\n    error_message = "No: ${{terraform_data.new{n}.input}}."\n  }}\n}}\n', f'check "c{n}" {{}}\n', f'check "c{n}" {{\n  assert {{\n    condition = null\n    error_message = "x"\n  }}\n}}\n', f'check {{\n  assert {{\n    condition = true\n    error_message = "x"\n  }}\n}}\n', f'check "c{n}" {{\n  assert {{\n    condition = "maybe"\n    error_message = "x"\n  }}\n}}\n', f'check "c{n}" {{\n  assert {{\n    condition = local.nope\n    error_message = "x"\n  }}\n}}\n', f'check "c{n}" {{\n  assert {{\n    condition = terraform_data.new{n}.id == "x"\n    error_message = sensitive("x")\n  }}\n}}\n', f'check "c{n}" {{\n  assert {{\n    condition = true\n  }}\n}}\ncheck "c{n}" {{\n  assert {{\n    condition = true\n    error_message = "x"\n  }}\n}}\n')
    return {"main.tf": block + f'resource "terraform_data" "new{n}" {{\n  input = 1\n}}\n'}


def locals_and_outputs(random, n):
    maker = Maker(random)
    maker.of_names = []
    text = f"locals {{\n  a{n} = {maker.of(pick(random, 'string', 'number', 'list(string)', 'map(string)', 'object'), 1)}\n  b{n} = {pick(random, f'local.a{n}', f'[local.a{n}]', f'local.c{n}', f'local.b{n}', f'terraform_data.q{n}.id', f'local.a{n} == null', f'try(local.a{n}.a, 1)')}\n}}\n"
    text = text.replace("local.us", "local.a0").replace("local.un", "1").replace("local.ub", "true").replace("local.ul", "[]").replace("local.ss", 'sensitive("s")').replace("local.sn", "sensitive(1)").replace("local.sl", "[]").replace("local.so", "{}")
    rest = pick(random, "", "  sensitive = true\n", "  description = \"d\"\n", "  ephemeral = true\n", "  nope = 1\n", "  sensitive = 1\n", "  description = local.a\n", f"  depends_on = [terraform_data.q{n}]\n", "  precondition {\n    condition = local.b{n} != null\n    error_message = \"Null.\"\n  }\n".replace("{n}", n), "  precondition {\n    condition = false\n    error_message = \"Never right.\"\n  }\n", "  value = 2\n", "  sensitive = null\n")
    return {"main.tf": text + f'output "lo{n}" {{\n  value = {pick(random, f"local.b{n}", f"local.a{n}", f"nonsensitive(local.b{n})", f"terraform_data.q{n}", f"terraform_data.q{n}.output", "null", f"sensitive(local.b{n})", f"[for x in [1] : local.b{n}]", f"ephemeralasnull(local.b{n})")}\n{rest}}}\nresource "terraform_data" "q{n}" {{\n  input = {pick(random, "1", f"local.a{n}", "null", "sensitive(1)")}\n}}\n'}


def settings(random, n):
    return {"settings.tf": pick(random, 'terraform {\n  required_version = ">= 1.0"\n}\n', 'terraform {\n  required_version = ">= 99"\n}\n', 'terraform {\n  required_version = "nope"\n}\n', 'terraform {\n  backend "local" {}\n}\n', 'terraform {\n  backend "nope" {}\n}\n', "terraform {\n  nope = 1\n}\n", "terraform {\n  required_providers {\n    x = 1\n  }\n}\n", 'terraform {\n  required_providers {\n    terraform = {\n      source = "terraform.io/builtin/terraform"\n    }\n  }\n}\n', "terraform {\n  experiments = []\n}\n", "terraform {\n  experiments = [nope]\n}\n", 'provider "terraform" {}\n', 'provider "terraform" {\n  alias = "x"\n}\n', 'provider "terraform" {\n  nope = 1\n}\n', 'terraform {\n  required_version = local.x\n}\n', 'terraform {\n  backend "local" {}\n  cloud {}\n}\n', 'terraform {\n  backend "local" {\n    path = "x.tfstate"\n  }\n}\n', 'terraform "x" {}\n', "nope {}\n", 'nope "a" "b" {}\n', "a = 1\n", 'data "terraform_remote_state" "x" {\n  backend = "local"\n  config = {\n    path = "nope.tfstate"\n  }\n}\n', 'data "nope_x" "y" {}\n', 'ephemeral "terraform_data" "x" {}\n', 'resource "terraform_nope" "x" {}\n', 'resource "terraform_data" {}\n', 'resource "terraform_data" "a b" {}\n', 'resource "terraform_data" "x" "y" {}\n', 'data "terraform_data" "x" {}\n', 'variable "count" {}\n', 'variable "a-b" {\n  default = 1\n}\n', 'variable "1a" {\n  default = 1\n}\n', 'variable "source" {\n  default = 1\n}\n', 'output "1" {\n  value = 1\n}\n', "locals {\n  x {}\n}\n", 'locals "x" {}\n', "output \"dd\" {}\n", 'output "dup" {\n  value = 1\n}\noutput "dup" {\n  value = 2\n}\n')}


def overriding(random, n):
    base = f'resource "terraform_data" "w{n}" {{\n  input = 1\n  triggers_replace = "t"\n  lifecycle {{\n    create_before_destroy = true\n  }}\n}}\nlocals {{\n  w{n} = "base"\n}}\noutput "w{n}" {{\n  value = [local.w{n}, terraform_data.w{n}.input]\n}}\nvariable "w{n}" {{\n  type = string\n  default = "v"\n}}\n'
    over = pick(random, f'resource "terraform_data" "w{n}" {{\n  input = 2\n}}\n', f"locals {{\n  w{n} = \"over\"\n}}\n", f"locals {{\n  new{n} = \"over\"\n}}\n", f'output "w{n}" {{\n  value = "over"\n}}\n', f'output "w{n}" {{\n  sensitive = true\n}}\n', f'variable "w{n}" {{\n  default = 5\n}}\n', f'variable "w{n}" {{\n  type = number\n}}\n', f'variable "zz" {{\n  default = 5\n}}\n', f'resource "terraform_data" "zz" {{}}\n', f'resource "terraform_data" "w{n}" {{\n  count = 2\n}}\n', f'resource "terraform_data" "w{n}" {{\n  lifecycle {{\n    prevent_destroy = true\n  }}\n}}\n', f'resource "terraform_data" "w{n}" {{\n  depends_on = [terraform_data.x]\n}}\n', 'output "zz" {\n  value = 1\n}\n', 'module "zz" {\n  source = "./x"\n}\n', f"moved {{\n  from = terraform_data.a\n  to = terraform_data.w{n}\n}}\n", f'output "w{n}" {{}}\n', f'variable "w{n}" {{\n  nullable = false\n  default = null\n}}\n')
    name = pick(random, "override.tf", "x_override.tf", "zz_override.tf")
    return {"main.tf": base, name: over}


def in_json(random, n):
    body = pick(random, {"resource": {"terraform_data": {f"j{n}": {"input": "${1 + 1}"}}}}, {"locals": {f"j{n}": "${upper(\"a\")}"}, "output": {f"j{n}": {"value": f"${{local.j{n}}}"}}}, {"output": {f"j{n}": {"value": ["a", {"b": "${null}"}]}}}, {"variable": {f"j{n}": {"type": "list(string)", "default": ["a"]}}, "output": {f"j{n}": {"value": f"${{var.j{n}}}"}}},
                {"variable": {f"j{n}": {"type": "nope"}}}, {"output": {f"j{n}": {}}}, {"output": {f"j{n}": [{"value": 1}, {"value": 2}]}}, {"output": [{f"j{n}": {"value": 1}}]}, {"resource": {"terraform_data": {f"j{n}": {"input": {"//": "c", "a": 1}, "//": "comment"}}}}, {"resource": {"terraform_data": {f"j{n}": {"lifecycle": {"ignore_changes": ["input"]}}}}}, {"resource": {"terraform_data": {f"j{n}": {"lifecycle": [{"ignore_changes": "all"}]}}}}, {"resource": {"terraform_data": {f"j{n}": {"depends_on": ["terraform_data.zz"]}}}}, {"resource": {"terraform_data": {f"j{n}": {"for_each": "${toset([\"a\"])}", "input": "${each.key}"}}}},
                {"resource": {"terraform_data": {f"j{n}": {"nope": 1}}}}, {"resource": {"terraform_data": {f"j{n}": "x"}}}, {"resource": {"terraform_data": [{f"j{n}": {}}]}}, {"resource": []}, {"resource": 5}, {"nope": {}}, {"terraform": {"required_version": ">= 1"}}, {"//": "c", "locals": {"//": 1}}, {"output": {f"j{n}": {"value": "%{ if true }x%{ endif }"}}}, {"output": {f"j{n}": {"value": "${"}}}, {"output": {f"j{n}": {"value": 1e400}}} if False else {"output": {f"j{n}": {"value": 12345678901234567890}}}, {"locals": {f"j{n}": {"${upper(\"k\")}": 1, "b": True}}, "output": {f"j{n}": {"value": f"${{local.j{n}}}"}}}, {"moved": [{"from": f"terraform_data.a", "to": f"terraform_data.j{n}"}], "resource": {"terraform_data": {f"j{n}": {}}}}, {"check": {f"j{n}": {"assert": {"condition": "${false}", "error_message": "Wrong."}}}}, {"module": {f"j{n}": {"source": "./nope"}}}, {"variable": {f"j{n}": {"default": "${1}"}}, "output": {f"j{n}": {"value": f"${{var.j{n}}}"}}}, {"output": {f"j{n}": {"value": f"${{terraform_data.nope.id}}"}}}, {"output": {f"j{n}": {"value": "a", "sensitive": "yes"}}}, {"output": {f"j{n}": {"value": "a", "depends_on": "x"}}})
    return {f"j{n}.tf.json": json.dumps(body, indent=random.choice([None, 2]), ensure_ascii=False) + "\n"}


FEATURES = [variable, variable, variable, counted, repeated, repeated, module, module, module, lifecycle, lifecycle, changes, changes, changes, locals_and_outputs, locals_and_outputs, settings, overriding, in_json, in_json]
