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
    '"%s-%d"', '"%5.2f|"', '"%#v"', '"%q"', '"%[2]s%[1]s"', '"%%"', '"%-6s|"', '"%+d"', '"%05d"', '"%x"', '"%t"',
    '"(a)(b)?"', '"[a-z]+"', '"(?P<n>\\\\d+)"', '"/a+/"', '"a.txt"', '"t.tftpl"', '"n.tftpl"', '"none.txt"', '"d"', '"*.txt"', '"**"',
    '"YYYY-MM-DD\'T\'hh:mm:ssZ"', '"EEEE, D MMM YY H:m AA"', '"x.y/z"', '"../a/./b"', '"hello world-foo_bar"', '"AbC"', '"\\u00e9\\U0001F600"', '"  x  "', '"utf-16le"', '"iso-8859-1"', '"a=b&c d/é"',
]
NUMBERS = [
    "0", "1", "-1", "2", "3", "10", "1.5", "-0.5", "0.1", "16", "36", "255", "256", "1e3", "1e21", "1e-7",
    "123456789012345678901234567890", "0.000001", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "4294967296", "1.0", "2.50", "(1/3)", "(2/3)", "1e100", "0.1e-20", "3.999999999999999999999",
]
BOOLS = ["true", "false", "(1 < 2)", '"true"']
TYPES = ["string", "number", "bool", "list(string)", "list(number)", "map(string)", "map(number)", "set(string)",
         "tuple", "object", "list(list(string))", "map(list(string))", "list(map(string))", "list(object)", "null"]
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
NETWORKS = quoted("10.0.0.0/8", "192.168.1.77/20", "fe80::1/64", "2001:db8::/32", "10.1.2.3", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/31", "172.16.0.0/12", "::ffff:10.0.0.0/104", "010.0.0.0/8", "")
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
    """The files of a small configuration."""
    raise NotImplementedError
