//! What the blocks of the language hold, as far as JSON syntax has to know: which properties are
//! blocks, with which labels, and how strings are to be read.

/// How the value of a property is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Strings are templates.
    Template,
    /// Strings mean what they say.
    Literal,
    /// A string is a type constraint of native syntax.
    Type,
    /// A string is a reference of native syntax.
    Reference,
    /// One reference, or an array of references.
    References,
    /// An object whose keys and values are references.
    ReferenceMap,
    /// One or more blocks.
    Block(&'static BlockShape),
}

/// What a block holds.
#[derive(Debug)]
pub(super) struct BlockShape {
    /// What its labels are called.
    pub(super) labels: &'static [&'static str],
    /// The properties that have a meaning of their own.
    pub(super) known: &'static [(&'static str, Shape)],
    /// All others.
    pub(super) others: Others,
}

/// What properties without a meaning of their own are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Others {
    /// Mistakes.
    Nothing,
    /// Arguments whose strings are templates.
    Templates,
    /// Arguments whose strings mean what they say.
    Literals,
    /// Arguments, or blocks where a schema says so.
    Schema,
}

use Shape::{Block, Literal, Reference, ReferenceMap, References, Template, Type};

const fn closed(known: &'static [(&'static str, Shape)]) -> BlockShape {
    BlockShape {
        labels: &[],
        known,
        others: Others::Nothing,
    }
}

const fn open(labels: &'static [&'static str], others: Others) -> BlockShape {
    BlockShape {
        labels,
        known: &[],
        others,
    }
}

/// The content of a file.
pub(super) static FILE: BlockShape = closed(&[
    ("terraform", Block(&TERRAFORM)),
    ("provider", Block(&PROVIDER)),
    ("variable", Block(&VARIABLE)),
    ("locals", Block(&LOCALS)),
    ("output", Block(&OUTPUT)),
    ("module", Block(&MODULE)),
    ("resource", Block(&RESOURCE)),
    ("data", Block(&RESOURCE)),
    ("ephemeral", Block(&RESOURCE)),
    ("moved", Block(&MOVED)),
    ("removed", Block(&REMOVED)),
    ("import", Block(&IMPORT)),
    ("check", Block(&CHECK)),
]);

static TERRAFORM: BlockShape = closed(&[
    ("required_version", Literal),
    ("experiments", References),
    ("language", Reference),
    ("required_providers", Block(&REQUIRED_PROVIDERS)),
    ("backend", Block(&BACKEND)),
    ("cloud", Block(&CLOUD)),
    ("provider_meta", Block(&PROVIDER_META)),
]);
static REQUIRED_PROVIDERS: BlockShape = open(&[], Others::Literals);
static BACKEND: BlockShape = open(&["type"], Others::Literals);
static CLOUD: BlockShape = open(&[], Others::Literals);
static PROVIDER_META: BlockShape = open(&["provider"], Others::Literals);
static LOCALS: BlockShape = open(&[], Others::Templates);

static PROVIDER: BlockShape = BlockShape {
    labels: &["name"],
    known: &[("alias", Literal), ("version", Literal)],
    others: Others::Schema,
};

static VARIABLE: BlockShape = BlockShape {
    labels: &["name"],
    known: &[
        ("type", Type),
        ("default", Literal),
        ("description", Literal),
        ("sensitive", Literal),
        ("ephemeral", Literal),
        ("nullable", Literal),
        ("validation", Block(&CONDITION)),
    ],
    others: Others::Nothing,
};

static CONDITION: BlockShape = closed(&[("condition", Template), ("error_message", Template)]);

static OUTPUT: BlockShape = BlockShape {
    labels: &["name"],
    known: &[
        ("value", Template),
        ("description", Literal),
        ("sensitive", Literal),
        ("ephemeral", Literal),
        ("depends_on", References),
        ("precondition", Block(&CONDITION)),
    ],
    others: Others::Nothing,
};

static MODULE: BlockShape = BlockShape {
    labels: &["name"],
    known: &[
        ("source", Literal),
        ("version", Literal),
        ("providers", ReferenceMap),
        ("depends_on", References),
    ],
    others: Others::Templates,
};

static RESOURCE: BlockShape = BlockShape {
    labels: &["type", "name"],
    known: &[
        ("count", Template),
        ("for_each", Template),
        ("provider", Reference),
        ("depends_on", References),
        ("lifecycle", Block(&LIFECYCLE)),
        ("connection", Block(&CONNECTION)),
        ("provisioner", Block(&PROVISIONER)),
    ],
    others: Others::Schema,
};
static CONNECTION: BlockShape = open(&[], Others::Templates);
static PROVISIONER: BlockShape = open(&["type"], Others::Templates);

static LIFECYCLE: BlockShape = closed(&[
    ("create_before_destroy", Literal),
    ("prevent_destroy", Literal),
    ("ignore_changes", References),
    ("replace_triggered_by", References),
    ("precondition", Block(&CONDITION)),
    ("postcondition", Block(&CONDITION)),
]);

static MOVED: BlockShape = closed(&[("from", Reference), ("to", Reference)]);

static REMOVED: BlockShape = closed(&[
    ("from", Reference),
    ("lifecycle", Block(&REMOVED_LIFECYCLE)),
    ("connection", Block(&CONNECTION)),
    ("provisioner", Block(&PROVISIONER)),
]);
static REMOVED_LIFECYCLE: BlockShape = closed(&[("destroy", Literal)]);

static IMPORT: BlockShape = closed(&[
    ("to", Reference),
    ("id", Template),
    ("for_each", Template),
    ("provider", Reference),
]);

static CHECK: BlockShape = BlockShape {
    labels: &["name"],
    known: &[("data", Block(&RESOURCE)), ("assert", Block(&CONDITION))],
    others: Others::Nothing,
};
