"""Random texts for `compare.py fmt`: configurations laid out badly, and such with a piece changed."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
# Pieces that mean something to a scanner or to the layout.
PIECES = [
    "(", ")", "[", "]", "{", "}", '"', "${", "%{", "~}", "${~", "=", "=>", ":", "?", ",", ".", "...", "::", "&&", "||", "!", "!=", "==", "<", ">=",
    "for x in y : x", "for", "if", "in", " ", "  ", "\t", "\n", "\n\n", "\r\n", "\r", "# c\n", "// c\n", "/* c */", "/* c\n c */", "#", "//", "/*", "*/",
    "<<EOT\n", "<<-EOT\n", "\nEOT\n", "EOT", "\n  EOT\n", "*", "/", "-", "+", "%", "a", "1", "1.5", "1e3", "é", "e\u0301", "日本", "क्ष", "\ufeff", "\u00a0", "$", "$${", "%%{", "\\", "\\n",
    "%{ if c }", "%{ else }", "%{ endif }", "%{ for x in y }", "%{ endfor }", "[*]", ".*", ".0", "[0]", "a.b", "f(", "x = 1", "b {\n}\n", "b {}", "b { x = 1 }", ";", "@", "'", "`", "null",
]
NAMES = ["a", "bb", "ccc", "long_name", "a-b", "é", "for_each", "source", "type"]
SPACES = ["", " ", " ", "  ", "\t", "   "]
COMMENTS = ["# c", "// c", "/* c */", "#c", "#", "/*\n  c\n */", "# é 日本", "//c  ", "/**/"]


class Maker:
    """Texts from one source of randomness."""

    def __init__(self, random):
        self.random = random
        self.known = []
        for name in ("snippets", "generated", "found"):
            path = HERE / "fmt" / f"{name}.jsonl"
            lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
            self.known += [json.loads(line)["input"] for line in lines if line]

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, options):
        return self.random.choice(options)

    def text(self):
        text = self.pick(self.known) if self.chance(0.3) else self.body(self.pick([1, 2, 2, 3]), self.pick([0, 1, 1, 2]))
        for _ in range(self.pick([0, 0, 1, 1, 1, 2])):
            text = self.changed(text)
        if self.chance(0.08):
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        if self.chance(0.02):
            text = "\ufeff" + text
        if self.chance(0.1):
            text = text.rstrip("\n")
        return text

    def changed(self, text):
        at = self.random.randrange(len(text) + 1)
        kind = self.random.randrange(6)
        if kind <= 2:
            return text[:at] + self.pick(PIECES) + text[at:]
        if kind == 3:
            return text[:at] + text[at + self.pick([1, 1, 2, 5]):]
        if kind == 4:
            other = self.random.randrange(len(text) + 1)
            return text[:at] + text[other:other + self.random.randint(1, 30)] + text[at:]
        lines = text.split("\n")
        line = self.random.randrange(len(lines))
        lines[line:line + 1] = self.pick([[], [lines[line]] * 2, [lines[line], self.pick(COMMENTS)], [lines[line], ""], [self.pick(["", "\t", "   "]) + lines[line]], [lines[line] + self.pick(SPACES) + self.pick(COMMENTS)]])
        return "\n".join(lines)

    def space(self):
        return self.pick(SPACES)

    def gap(self):
        """Between two tokens: spaces, rarely a comment."""
        return self.space() + (self.pick(["/* c */", "/**/"]) + self.space() if self.chance(0.02) else "")

    def end(self):
        """The end of a line."""
        return (self.space() + self.pick(COMMENTS) if self.chance(0.2) else self.pick(["", "", "", " "])) + "\n"

    def body(self, count, depth):
        return "".join(self.item(depth) for _ in range(self.pick([1, 2, 3, 3, 4]) + count - 1))

    def item(self, depth):
        kind = self.random.randrange(12)
        if kind <= 6 or depth < 0:
            value = self.value(2)
            # A heredoc's end is alone on its line, but for a mistake now and then.
            end = "\n" if value.endswith("EOT") and self.chance(0.95) else self.end()
            return f"{self.space()}{self.name()}{self.gap()}={self.gap()}{value}{end}"
        if kind == 7:
            return self.pick(["\n", "\n\n", "  \n", "\n\n\n"])
        if kind == 8:
            return f"{self.space()}{self.pick(COMMENTS)}\n"
        labels = "".join(self.pick([" ", "  ", "\t"]) + self.pick(['"x"', "x", '"a b"', '"é"']) for _ in range(self.pick([0, 1, 1, 2])))
        head = f"{self.space()}{self.name()}{labels}{self.pick(['', ' ', '  '])}{{"
        if kind == 9:
            inside = self.pick(["", " ", f" {self.name()}{self.gap()}={self.gap()}{self.value(0, True)}{self.space()}", "\n", "\n\n"])
            return f"{head}{inside}}}{self.end()}"
        return f"{head}{self.end()}{self.body(1, depth - 1)}{self.space()}}}{self.end()}"

    def name(self):
        return self.pick(NAMES) + (str(self.random.randrange(1000)) if self.chance(0.8) else "")

    def value(self, depth, one_line=False):
        makers = [self.literal, self.literal, self.reference, self.template]
        if depth > 0:
            makers += [self.operation, self.operation, self.call, self.list, self.list, self.object, self.object, self.repeated, self.parens, self.conditional]
        if depth == 2 and not one_line:
            makers += [self.heredoc, self.heredoc]
        return self.pick(makers)(depth - 1, one_line)

    def literal(self, *_):
        return self.pick(["1", "1.50", "true", "null", '"x"', '"é\\n"', '""', "-1", "1e3", '"a  b"', '"# c"', '"$${a}"'])

    def reference(self, *_):
        return self.pick(["a", "var.a", "a.b.c", "a[0]", 'a["k"]', "a.*.b", "a[*].b", "a.0", "each.value", f"a[{self.gap()}0{self.gap()}]", f"a{self.gap()}.b", "data.x.y[count.index].z", f"a{self.gap()}[*]", "provider::a::b(1)"])

    def template(self, depth, one_line):
        inner = self.value(min(depth, 1), True)
        part = self.pick([f"${{{self.gap()}{inner}{self.gap()}}}", f"%{{{self.gap()}if {inner}{self.gap()}}}y%{{ else }}n%{{{self.gap()}endif{self.gap()}}}", f"%{{for x  in {inner}~}}${{x}}%{{~  endfor}}", f"${{~{inner} ~}}", "%%{", " a  b "])
        return f'"{self.pick(["", "x ", " "])}{part}{self.pick(["", " y", part])}"'

    def operation(self, depth, one_line):
        gap = self.gap() if one_line else self.pick([self.gap(), self.gap(), self.gap(), self.line()])
        operator = self.pick(["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"])
        text = f"{self.pick(['', '', '-', '!', '- ', '! '])}{self.value(depth, one_line)}{gap}{operator}{self.gap()}{self.value(depth, one_line)}"
        return f"({text})" if "\n" in gap or self.chance(0.3) else text

    def conditional(self, depth, one_line):
        gap = self.gap() if one_line or self.chance(0.6) else self.line()
        text = f"{self.value(depth, one_line)}{gap}?{self.gap()}{self.value(depth, one_line)}{gap}:{self.gap()}{self.value(depth, one_line)}"
        return f"({text})" if "\n" in gap or self.chance(0.2) else text

    def line(self):
        return self.end() + self.space()

    def parens(self, depth, one_line):
        gap = self.gap() if one_line or self.chance(0.7) else self.line()
        return f"({gap}{self.value(depth, one_line)}{gap})"

    def call(self, depth, one_line):
        gap = self.gap() if one_line or self.chance(0.6) else self.line()
        values = [self.value(depth, one_line) for _ in range(self.pick([0, 1, 2, 3]))]
        last = self.pick(["", "", "", ",", "..."]) if values else ""
        return f"{self.pick(['f', 'merge', 'a::b'])}{self.pick(['', '', '', ' '])}({gap}{self.joined(values, one_line)}{last}{gap})"

    def joined(self, values, one_line):
        text = ""
        for index, value in enumerate(values):
            gap = self.gap() if one_line or self.chance(0.6) else self.line()
            text += ("," + gap if index else "") + value + self.pick(["", "", " "])
        return text

    def list(self, depth, one_line):
        gap = self.gap() if one_line or self.chance(0.5) else self.line()
        values = [self.value(depth, one_line) for _ in range(self.pick([0, 1, 2, 3]))]
        return f"[{gap}{self.joined(values, one_line)}{self.pick(['', ',']) if values else ''}{gap}]"

    def object(self, depth, one_line):
        if one_line or self.chance(0.4):
            items = [self.pair(depth, True) for _ in range(self.pick([0, 1, 2]))]
            return "{" + self.gap() + ("," + self.gap()).join(items) + self.gap() + "}"
        text = "{" + self.end()
        for _ in range(self.pick([0, 1, 2, 3, 3])):
            text += self.space() + self.pair(depth, False) + self.pick(["", "", "", ",", " ,"]) + self.end()
            if self.chance(0.1):
                text += self.pick(["\n", f"  {self.pick(COMMENTS)}\n"])
        return text + self.space() + "}"

    def pair(self, depth, one_line):
        key = self.pick([self.name(), self.name(), self.name(), '"k"', '"a b"', f"({self.gap()}var.k{self.gap()})", '"${a}"', "1"])
        return f"{key}{self.gap()}{self.pick(['=', '=', '=', ':'])}{self.gap()}{self.value(depth, one_line)}"

    def repeated(self, depth, one_line):
        gap = self.gap() if one_line or self.chance(0.6) else self.line()
        names = self.pick(["v", "k, v", "k,v", "k ,  v"])
        condition = f"{gap or ' '}if{self.pick([' ', '  '])}{self.value(0, True)}" if self.chance(0.3) else ""
        source = self.value(depth, one_line)
        if self.chance(0.5):
            return f"[{gap}for {names} in  {source}{self.gap()}:{gap}{self.value(depth, one_line)} {condition}{gap}]"
        return f"{{{gap}for {names} in {source}{self.gap()}:{gap}{self.value(0, True)}{self.gap()}=>{self.gap()}{self.value(depth, one_line)}{self.pick(['', '', '...', ' ...'])} {condition}{gap}}}"

    def heredoc(self, depth, _one_line):
        lines = [self.pick(["", "  ", "\t", "    "]) + self.pick(["x", "a  b", "", "${a}", "${ a+b }", "%{ if a }y%{endif}", "# c", "%{ for x in y ~}${ x }%{ endfor }", "%{if a}\nb\n  %{ else ~}\n c\n%{ endif }", "EOT x", "\"", "}", "${ f( { a=1 } ) }", "$${", "${[\n1,\n2\n]}"]) for _ in range(self.pick([0, 1, 2, 3]))]
        start = self.pick(["<<", "<<-"]) + "EOT"
        text = start + "\n" + "".join(line + "\n" for line in lines) + self.pick(["", "", "  ", "\t"]) + "EOT"
        return self.pick([text, text, text, f"[{text}\n{self.space()}]", f"f({text}\n{self.space()}, 1)", f"{{\n{self.space()}a  = {text}\n{self.space()}bbb={self.literal()}\n}}"])
