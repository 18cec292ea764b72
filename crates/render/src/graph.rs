//! The dependency graph as text for other tools: DOT, as `terraform graph` writes it, and Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flowctl_model::address::Target;

/// A node: its label, which is unique, and the labels of the nodes it depends on.
pub type Node = (String, Vec<String>);

/// The graph in Graphviz's language.
pub fn dot(nodes: &[Node]) -> String {
    let mut out = String::from(
        "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n",
    );
    for (module, members) in grouped(nodes) {
        let mut indent = "  ";
        if !module.is_empty() {
            indent = "    ";
            let _ = writeln!(
                out,
                "  subgraph {} {{",
                quoted(&format!("cluster_{module}"))
            );
            let _ = writeln!(out, "    label = {}", quoted(&module));
            out.push_str("    fontname = \"sans-serif\"\n");
        }
        for (_, label, short) in members {
            let _ = writeln!(out, "{indent}{} [label={}];", quoted(label), quoted(short));
        }
        if !module.is_empty() {
            out.push_str("  }\n");
        }
    }
    for (label, dependencies) in nodes {
        for dependency in dependencies {
            let _ = writeln!(out, "  {} -> {};", quoted(label), quoted(dependency));
        }
    }
    out.push_str("}\n");
    out
}

/// The graph in Mermaid's language.
pub fn mermaid(nodes: &[Node]) -> String {
    let mut out = String::from("flowchart RL\n");
    for (number, (module, members)) in grouped(nodes).into_iter().enumerate() {
        let mut indent = "  ";
        if !module.is_empty() {
            indent = "    ";
            let _ = writeln!(out, "  subgraph m{number}[\"{}\"]", entities(&module));
        }
        for (index, _, short) in members {
            let _ = writeln!(out, "{indent}n{index}[\"{}\"]", entities(short));
        }
        if !module.is_empty() {
            out.push_str("  end\n");
        }
    }
    let numbers: BTreeMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(index, (label, _))| (&**label, index))
        .collect();
    for (index, (_, dependencies)) in nodes.iter().enumerate() {
        let known = dependencies.iter().filter_map(|d| numbers.get(&**d));
        for dependency in known {
            let _ = writeln!(out, "  n{index} --> n{dependency}");
        }
    }
    out
}

/// The nodes of each module, the root module first: index, label, and label without the module.
fn grouped(nodes: &[Node]) -> BTreeMap<String, Vec<(usize, &str, &str)>> {
    let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (index, (label, _)) in nodes.iter().enumerate() {
        let module = match label.parse::<Target>() {
            Ok(Target::Resource(address)) => address.resource.module.to_string(),
            // What is no resource (a variable, an output) has its module in front all the same.
            Ok(Target::Module(_)) | Err(_) => module_of(label).to_owned(),
        };
        let short = label
            .strip_prefix(&module)
            .and_then(|rest| rest.strip_prefix('.'))
            .filter(|_| !module.is_empty())
            .unwrap_or(label);
        groups
            .entry(module)
            .or_default()
            .push((index, &**label, short));
    }
    groups
}

/// `module.a.module.b` of `module.a.module.b.var.x`.
fn module_of(label: &str) -> &str {
    let mut end = 0;
    let mut rest = label;
    while let Some(inside) = rest.strip_prefix("module.") {
        match inside.find('.') {
            Some(dot) => {
                end = label.len() - inside.len() + dot;
                rest = inside.get(dot + 1..).unwrap_or_default();
            }
            None => break,
        }
    }
    label.get(..end).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if crate::style::is_active(c) => {
                let _ = write!(out, "\\\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Text inside a quoted label: all that Mermaid or the page around it may understand is an entity.
fn entities(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']' | ' ' | '/' | ':') {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Node> {
        let node = |label: &str, on: &[&str]| {
            (
                label.to_owned(),
                on.iter().map(|d| (*d).to_owned()).collect(),
            )
        };
        vec![
            node("terraform_data.f", &[]),
            node("terraform_data.g[\"a\\\"b\"]", &["terraform_data.f"]),
            node("module.m.terraform_data.q", &[]),
            node(
                "module.m.module.n.terraform_data.z",
                &["module.m.terraform_data.q"],
            ),
            node("module.m.var.x", &["terraform_data.f"]),
        ]
    }

    #[test]
    fn dot_is_as_terraform_writes_it() {
        insta::assert_snapshot!("graph_dot", dot(&sample()));
    }

    #[test]
    fn mermaid_has_a_subgraph_for_each_module() {
        insta::assert_snapshot!("graph_mermaid", mermaid(&sample()));
    }
}
