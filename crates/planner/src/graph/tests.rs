//! Which node depends on which, and what is said of cycles.

use flowctl_parser::{FileSystem, load};

use super::*;

struct Files(&'static [(&'static str, &'static str)]);

impl FileSystem for Files {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let prefix = if directory == "." {
            String::new()
        } else {
            format!("{directory}/")
        };
        let names = self
            .0
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(&prefix));
        Ok(names
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }
    fn read(&self, path: &str) -> Result<String, String> {
        let file = self.0.iter().find(|(name, _)| *name == path);
        file.map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| "not found".to_owned())
    }
}

fn check(files: &'static [(&'static str, &'static str)]) -> (Vec<String>, Vec<String>) {
    let loaded = load(".", &Files(files));
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let (graph, diagnostics) = build(&loaded.configuration);
    let order = graph.order.iter().map(ToString::to_string).collect();
    let errors = diagnostics.iter().map(|d| {
        let place = d
            .span
            .map(|span| loaded.sources.text(span))
            .unwrap_or_default();
        format!("{} at `{place}`", d.summary)
    });
    (order, errors.collect())
}

#[test]
fn everything_comes_after_what_it_needs() {
    let (order, errors) = check(&[
        (
            "main.tf",
            "module \"m\" {\n source = \"./m\"\n x = local.a\n}\n\
             locals { a = var.v }\nvariable \"v\" {}\n\
             resource \"t\" \"r\" { i = module.m.o }\noutput \"z\" { value = t.r.i }\n",
        ),
        (
            "m/main.tf",
            "variable \"x\" {}\noutput \"o\" { value = var.x }\n",
        ),
    ]);
    assert!(errors.is_empty(), "{errors:?}");
    let place = |name: &str| order.iter().position(|n| n == name).unwrap();
    let chain = [
        "var.v",
        "local.a",
        "module.m.var.x",
        "module.m.output.o",
        "t.r",
        "output.z",
    ];
    assert!(
        chain.windows(2).all(|pair| place(pair[0]) < place(pair[1])),
        "{order:?}"
    );
    assert!(place("module.m") < place("module.m.var.x"));
}

#[test]
fn all_undeclared_names_are_reported_at_once() {
    let (_, errors) = check(&[
        (
            "main.tf",
            "output \"a\" { value = var.nam }\nvariable \"name\" {}\n\
             output \"b\" { value = [local.y, t.r, module.x.y, self.a, each.key, count.index] }\n\
             module \"m\" { source = \"./m\" }\noutput \"c\" { value = module.m.nope }\n",
        ),
        ("m/main.tf", "output \"o\" { value = 1 }\n"),
    ]);
    assert_eq!(
        errors,
        [
            "Reference to undeclared input variable at `var.nam`",
            "Reference to undeclared local value at `local.y`",
            "Reference to undeclared resource at `t.r`",
            "Reference to undeclared module at `module.x.y`",
            "Invalid \"self\" reference at `self`",
            "Reference to \"each\" in context without for_each at `each.key`",
            "Reference to \"count\" in non-counted context at `count.index`",
            "Unsupported attribute at `.nope`",
        ]
    );
}

#[test]
fn a_cycle_names_its_members() {
    let (order, errors) = check(&[(
        "main.tf",
        "locals {\n a = local.b\n b = local.a\n c = local.c\n}\n",
    )]);
    assert!(order.is_empty());
    let mut errors = errors;
    errors.sort();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].starts_with("Cycle: local.") && errors[0].contains(", local."));
    assert_eq!(errors[1], "Self-referencing local value at `local.c`");
}
