//! The order of the changes as a picture: what must be done first stands to the left.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use flowctl_model::plan::{Change, Plan};
use unicode_width::UnicodeWidthChar;

use super::{group_of, text};
use crate::plan::elements::display_width;
use crate::plan::resource::{is_shown, mark};
use crate::style::clean;

/// More nodes than this say less, not more.
const MOST: usize = 300;
/// Nodes below each other before a layer goes on in another column.
const ROWS: usize = 24;
/// Pictures of more nodes are folded until they are asked for.
const OPEN: usize = 12;
/// Times that the nodes of a layer are put in order by their neighbours.
const SWEEPS: usize = 4;

const HEIGHT: usize = 30;
const GAP_X: usize = 60;
const GAP_Y: usize = 12;
const MARGIN: usize = 10;
/// Columns of a mark and an address that fit into a node, at least and at most.
const LETTERS: (usize, usize) = (16, 52);
/// What a column takes, in tenths of a unit.
const LETTER: usize = 73;
/// Between the edge of a node and what stands in it.
const PADDING: usize = 8;

/// Writes the picture, if anything depends on anything.
pub(super) fn write(out: &mut String, plan: &Plan) {
    let (nodes, left_out) = nodes(plan);
    if nodes.is_empty() {
        return;
    }
    let width = width(plan, &nodes);
    let places = layout(plan, &nodes, width);
    let right = places.iter().map(|p| p.0).max().unwrap_or(0) + width + MARGIN;
    let bottom = places.iter().map(|p| p.1).max().unwrap_or(0) + HEIGHT + MARGIN;
    let rest = match left_out {
        0 => String::new(),
        count => format!("; {count} more are not drawn"),
    };
    let _ = write!(
        out,
        "<section><details class=\"graph\"{}><summary>Order of the changes <span class=\"note\">\
         {} resources that depend on each other{rest}</span></summary>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Dependency graph\">\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{right}\" height=\"{bottom}\" \
         viewBox=\"0 0 {right} {bottom}\">\n",
        if nodes.len() > OPEN { "" } else { " open" },
        nodes.len(),
    );
    for (to, node) in nodes.iter().enumerate() {
        for before in first(plan, *node) {
            if let Ok(from) = nodes.binary_search(&before) {
                edge(out, places[from], places[to], width);
            }
        }
    }
    for (node, place) in nodes.iter().zip(&places) {
        draw(out, plan, *node, *place, width);
    }
    out.push_str("</svg></div></details></section>\n");
}

/// The changes that must be done before a change.
fn first(plan: &Plan, change: usize) -> impl Iterator<Item = usize> {
    let edges = plan.edges.get(change).into_iter().flatten();
    edges
        .copied()
        .filter(move |before| *before < plan.changes.len() && *before != change)
}

/// The changes that are drawn, in order, and how many are not: those that something depends on or
/// that depend on something; if there are too many, the ones to which something happens.
fn nodes(plan: &Plan) -> (Vec<usize>, usize) {
    let mut joined = BTreeSet::new();
    for change in 0..plan.changes.len() {
        for before in first(plan, change) {
            joined.extend([before, change]);
        }
    }
    let all = joined.len();
    let mut nodes: Vec<_> = joined.into_iter().collect();
    if all > MOST {
        nodes.retain(|node| is_shown(&plan.changes[*node]));
        nodes.truncate(MOST);
    }
    let left_out = all - nodes.len();
    (nodes, left_out)
}

/// As wide as the longest address asks for.
fn width(plan: &Plan, nodes: &[usize]) -> usize {
    let longest = nodes
        .iter()
        .map(|node| display_width(&label(&plan.changes[*node])));
    let letters = longest.max().unwrap_or(0).clamp(LETTERS.0, LETTERS.1);
    (letters * LETTER).div_ceil(10) + 2 * PADDING
}

/// The mark and the address in the language's own letters.
fn label(change: &Change) -> String {
    let symbol = mark(change.action).symbol();
    format!("{symbol} {}", clean(&change.address.to_string()))
}

/// Left upper corner of each node.
fn layout(plan: &Plan, nodes: &[usize], width: usize) -> Vec<(usize, usize)> {
    let before: Vec<Vec<usize>> = nodes
        .iter()
        .map(|node| {
            first(plan, *node)
                .filter_map(|b| nodes.binary_search(&b).ok())
                .collect()
        })
        .collect();
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for (node, layer) in layer_of(&before).into_iter().enumerate() {
        layers.resize_with(layers.len().max(layer + 1), Vec::new);
        layers[layer].push(node);
    }
    let after = reversed(&before);
    let mut position = vec![0; nodes.len()];
    let number = |layer: &[usize], position: &mut Vec<usize>| {
        layer
            .iter()
            .enumerate()
            .for_each(|(at, node)| position[*node] = at);
    };
    for layer in &layers {
        number(layer, &mut position);
    }
    for sweep in 0..SWEEPS {
        let neighbours = if sweep % 2 == 0 { &before } else { &after };
        for layer in &mut layers {
            layer.sort_by_key(|node| {
                let all = &neighbours[*node];
                let sum: usize = all.iter().map(|n| position[*n]).sum();
                // In thousandths, so that the order needs no fractions.
                sum.saturating_mul(1000)
                    .checked_div(all.len())
                    .unwrap_or(position[*node] * 1000)
            });
            number(layer, &mut position);
        }
    }
    let mut places = vec![(0, 0); nodes.len()];
    let mut column = 0;
    for layer in &layers {
        for (at, node) in layer.iter().enumerate() {
            let x = MARGIN + (column + at / ROWS) * (width + GAP_X);
            let y = MARGIN + (at % ROWS) * (HEIGHT + GAP_Y);
            places[*node] = (x, y);
        }
        column += layer.len().div_ceil(ROWS).max(1);
    }
    places
}

/// The nodes behind each node, from those before each.
fn reversed(before: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut after = vec![Vec::new(); before.len()];
    for (node, before) in before.iter().enumerate() {
        for first in before {
            after[*first].push(node);
        }
    }
    after
}

/// How many steps lead to each node at most. Nodes of a cycle, which a plan has none of, stay in
/// the first layer.
fn layer_of(before: &[Vec<usize>]) -> Vec<usize> {
    let mut layers = vec![0; before.len()];
    let mut missing: Vec<usize> = before.iter().map(Vec::len).collect();
    let after = reversed(before);
    let mut ready: Vec<usize> = (0..before.len()).filter(|n| missing[*n] == 0).collect();
    while let Some(node) = ready.pop() {
        for next in &after[node] {
            layers[*next] = layers[*next].max(layers[node] + 1);
            missing[*next] -= 1;
            if missing[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    layers
}

fn edge(out: &mut String, from: (usize, usize), to: (usize, usize), width: usize) {
    let (x1, y1) = (from.0 + width, from.1 + HEIGHT / 2);
    let (x2, y2) = (to.0, to.1 + HEIGHT / 2);
    let half = GAP_X / 2;
    let _ = writeln!(
        out,
        "<path class=\"edge\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"/>",
        x1 + half,
        x2.saturating_sub(half),
    );
}

fn draw(out: &mut String, plan: &Plan, node: usize, (x, y): (usize, usize), width: usize) {
    let change = &plan.changes[node];
    let shown = is_shown(change);
    let class = if shown {
        group_of(change.action).class
    } else {
        "keep"
    };
    let mut label = label(change);
    if display_width(&label) > LETTERS.1 {
        // The end of an address says more than its beginning.
        let symbol = mark(change.action).symbol();
        let mut room = LETTERS.1 - symbol.len() - 2;
        let mut tail: Vec<char> = Vec::new();
        for c in label.chars().rev() {
            let wide = UnicodeWidthChar::width(c).unwrap_or(0);
            if wide > room {
                break;
            }
            room -= wide;
            tail.push(c);
        }
        label = format!("{symbol} …{}", tail.iter().rev().collect::<String>());
    }
    if shown {
        let _ = write!(out, "<a href=\"#r{node}\">");
    }
    let _ = write!(
        out,
        "<g class=\"node {class}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" \
         height=\"{HEIGHT}\" rx=\"5\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
        text(&change.address.to_string()),
        x + PADDING,
        y + 20,
        text(&label),
    );
    out.push_str(if shown { "</a>\n" } else { "\n" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_stands_to_the_left() {
        // 3 after 1 and 2, which are after 0.
        let before = [vec![], vec![0], vec![0], vec![1, 2], vec![]];
        assert_eq!(layer_of(&before), [0, 1, 1, 2, 0]);
        assert_eq!(layer_of(&[vec![1], vec![0]]), [0, 0]);
    }
}
