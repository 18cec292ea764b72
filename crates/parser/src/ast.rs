//! The syntax tree of one file: bodies, attributes, blocks and expressions, all with byte spans.
//!
//! Our own tree rather than that of hcl-edit: it keeps number literals as written, says where
//! everything is, has no formatting attached, and is the same for native and JSON syntax.

use std::sync::Arc;

/// A file of the [`crate::SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// A half-open range of bytes in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// From the start of this span to the end of `other`, which is in the same file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span {
            end: other.end,
            ..self
        }
    }
}

/// A name with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands (labels: with their quotes).
    pub span: Span,
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written: `1e400`.
    Number(Box<str>),
    /// A quoted string or heredoc without interpolation, escapes resolved.
    String(Arc<str>),
    /// A string with interpolations or directives.
    Template(Box<[TemplatePart]>),
    /// `"${x}"`: a template that is nothing but one interpolation has the value of `x` itself.
    Wrapped(Box<Expr>),
    /// `[a, b]`.
    Tuple(Box<[Expr]>),
    /// `{ a = b }`.
    Object(Box<[ObjectItem]>),
    /// A root name: `var`, `local`, `each`, the variable of a `for`.
    Variable(Arc<str>),
    /// `target.name`.
    GetAttr(Box<GetAttr>),
    /// `target[key]`.
    Index(Box<Index>),
    /// `target.0`: an index written as an attribute, from older versions of the language.
    LegacyIndex(Box<LegacyIndex>),
    /// `source.*.each` or `source[*].each`.
    Splat(Box<Splat>),
    /// `name(args)`.
    Call(Box<Call>),
    /// `condition ? yes : no`.
    Conditional(Box<Conditional>),
    /// `left op right`.
    Binary(Box<Binary>),
    /// `!x` or `-x`.
    Unary(Box<Unary>),
    /// `[for …]` or `{for …}`.
    For(Box<For>),
    /// `(x)`.
    Parens(Box<Expr>),
}

/// A part of a template.
#[derive(Clone, PartialEq, Debug)]
pub enum TemplatePart {
    /// Text, escapes resolved and trim markers applied.
    Literal(Arc<str>),
    /// `${x}`.
    Interpolation(Expr),
    /// `%{if}`.
    If(Box<TemplateIf>),
    /// `%{for}`.
    For(Box<TemplateFor>),
}

/// `%{if condition}yes%{else}no%{endif}`.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateIf {
    /// From `%{if` to the end of `%{endif}`.
    pub span: Span,
    /// What decides.
    pub condition: Expr,
    /// When true.
    pub yes: Box<[TemplatePart]>,
    /// When false; empty without `else`.
    pub no: Box<[TemplatePart]>,
}

/// `%{for key, value in collection}body%{endfor}`.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateFor {
    /// From `%{for` to the end of `%{endfor}`.
    pub span: Span,
    /// Name of the key or index, if asked for.
    pub key: Option<Name>,
    /// Name of the element.
    pub value: Name,
    /// What is walked.
    pub collection: Expr,
    /// What is repeated.
    pub body: Box<[TemplatePart]>,
}

/// One item of an object constructor.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectItem {
    /// Its key.
    pub key: ObjectKey,
    /// Its value.
    pub value: Expr,
}

/// The key of an object item.
#[derive(Clone, PartialEq, Debug)]
pub enum ObjectKey {
    /// A bare name, which stands for itself: `a = 1`.
    Name(Name),
    /// Any other expression: `"a" = 1`, `(a) = 1`, `"${a}" = 1`.
    Expr(Expr),
}

/// `target.name`.
#[derive(Clone, PartialEq, Debug)]
pub struct GetAttr {
    /// What has the attribute.
    pub target: Expr,
    /// Its name; the span is the name's, without the dot.
    pub name: Name,
}

/// `target[key]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Index {
    /// What is indexed.
    pub target: Expr,
    /// With what.
    pub key: Expr,
    /// The brackets and what is between them.
    pub brackets: Span,
}

/// `target.0`.
#[derive(Clone, PartialEq, Debug)]
pub struct LegacyIndex {
    /// What is indexed.
    pub target: Expr,
    /// The digits as written.
    pub index: Name,
}

/// `source.*.each` or `source[*].each`.
#[derive(Clone, PartialEq, Debug)]
pub struct Splat {
    /// What is walked.
    pub source: Expr,
    /// `[*]` takes indices and attributes into each; `.*` attributes only.
    pub full: bool,
    /// The `.*` or `[*]`.
    pub marker: Span,
    /// What is taken of each element, in order.
    pub each: Box<[SplatStep]>,
}

/// A step behind a splat.
#[derive(Clone, PartialEq, Debug)]
pub enum SplatStep {
    /// `.name`.
    Attr(Name),
    /// `[key]`, with the span of the brackets.
    Index(Expr, Span),
    /// `.0`.
    LegacyIndex(Name),
}

/// `name(args)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// The function, with its namespace if there is one: `provider::aws::arn_parse`.
    pub name: Name,
    /// The arguments.
    pub args: Box<[Expr]>,
    /// The last argument is followed by `...`.
    pub expand_final: bool,
    /// From `(` to `)`.
    pub parens: Span,
}

/// `condition ? yes : no`.
#[derive(Clone, PartialEq, Debug)]
pub struct Conditional {
    /// What decides.
    pub condition: Expr,
    /// When true.
    pub yes: Expr,
    /// When false.
    pub no: Expr,
}

/// `left op right`.
#[derive(Clone, PartialEq, Debug)]
pub struct Binary {
    /// The left operand.
    pub left: Expr,
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// The right operand.
    pub right: Expr,
}

/// The operators between two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the operators'")]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// `!x` or `-x`.
#[derive(Clone, PartialEq, Debug)]
pub struct Unary {
    /// The operator.
    pub op: UnaryOp,
    /// The operand.
    pub operand: Expr,
}

/// The operators before one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `!`.
    Not,
    /// `-`.
    Negate,
}

/// `[for key, value in collection : result if condition]`, or with braces and `key => result`.
#[derive(Clone, PartialEq, Debug)]
pub struct For {
    /// Name of the key or index, if asked for.
    pub key: Option<Name>,
    /// Name of the element.
    pub value: Name,
    /// What is walked.
    pub collection: Expr,
    /// Key of each result: present in the form with braces.
    pub result_key: Option<Expr>,
    /// Each result.
    pub result: Expr,
    /// `...` behind the result: results of equal keys are collected in a tuple.
    pub group: bool,
    /// Which elements count.
    pub condition: Option<Expr>,
}

/// The content of a file or block.
#[derive(Clone, PartialEq, Debug)]
pub struct Body {
    /// The arguments, in order.
    pub attributes: Vec<Attribute>,
    /// The nested blocks, in order.
    pub blocks: Vec<Block>,
    /// Of a block: from `{` to `}`; of a file: all of it.
    pub span: Span,
    /// In JSON syntax whether a property is an argument or a block is decided by whoever knows the
    /// schema, so all properties are attributes first; see [`Body::resolve`].
    pub json: bool,
    /// It is a block on one line, with its only argument.
    pub one_line: bool,
    /// Something in it could not be read and has been reported: what seems to be missing may not be.
    pub broken: bool,
}

impl Body {
    /// Where an error about something missing in it points: the opening brace, the argument of a
    /// block on one line, or the closing brace in JSON syntax. A body whose end could not be read has no such place but all of it.
    pub fn missing_place(&self) -> Span {
        let Span { file, start, end } = self.span;
        if self.json && self.broken {
            return self.span;
        }
        let start = match self.attributes.first() {
            _ if self.json => end.saturating_sub(1).max(start),
            Some(only) if self.one_line => only.span.start,
            _ => start,
        };
        let end = end.min(start + 1);
        Span { file, start, end }
    }
    /// The argument called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &*a.name.text == name)
    }
    /// The blocks of a type.
    pub fn blocks_of<'a>(&'a self, block_type: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks
            .iter()
            .filter(move |b| &*b.block_type.text == block_type)
    }
}

/// `name = expr`.
#[derive(Clone, PartialEq, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub expr: Expr,
    /// All of it.
    pub span: Span,
}

/// `type "label" { … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// Its type.
    pub block_type: Name,
    /// Its labels.
    pub labels: Vec<Name>,
    /// Its content.
    pub body: Body,
    /// Type and labels.
    pub header: Span,
    /// All of it.
    pub span: Span,
}
