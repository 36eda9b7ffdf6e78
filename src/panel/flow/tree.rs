//! Connections as the lines of a tree, read from left to right: each connection is drawn once, and a node with its own
//! connections once; where it is met again it only has its name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::panel::ink::TreeStrokes;

/// A connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    pub from: SafeText,
    pub to: SafeText,
    pub value: Option<f64>,
    pub text: String,
    pub status: Status,
}

/// A connection in its line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Hop {
    pub from: SafeText,
    pub to: SafeText,
    pub text: String,
    pub status: Status,
    /// Whether it is the first one of its node, and whether the last.
    first: bool,
    last: bool,
    /// Whether the connections of where it leads are drawn elsewhere.
    elsewhere: bool,
}

/// A line: connections one behind the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    /// The node it begins with; none where that is in a line above.
    pub root: Option<SafeText>,
    /// How deep that node is.
    pub depth: usize,
    pub hops: Vec<Hop>,
    /// The depths of nodes that have further connections below.
    pub open: Vec<usize>,
}

impl Hop {
    /// What is written where it leads.
    pub(super) fn label(&self) -> String {
        if self.elsewhere { format!("{} …", self.to) } else { self.to.to_string() }
    }

    /// The status of the tile where it leads; none where that is drawn elsewhere.
    pub(super) const fn tile(&self) -> Option<Status> {
        if self.elsewhere { None } else { Some(self.status) }
    }

    /// The stroke where it leaves its node.
    pub(super) const fn branch(&self, strokes: TreeStrokes) -> &'static str {
        match (self.first, self.last) {
            (true, true) => strokes.thin,
            (true, false) => strokes.first,
            (false, false) => strokes.middle,
            (false, true) => strokes.last,
        }
    }
}

/// All lines, from the nodes that nothing leads to; in a circle from the first one.
pub(super) fn lines(edges: Vec<Edge>) -> Vec<Line> {
    let targets: BTreeSet<SafeText> = edges.iter().map(|edge| edge.to.clone()).collect();
    let mut nodes: Vec<SafeText> = edges.iter().map(|edge| edge.from.clone()).collect();
    // Those that nothing leads to come first, else in the order of the answer.
    nodes.sort_by_key(|node| targets.contains(node));
    let mut tree = Tree { below: BTreeMap::new(), lines: Vec::new(), open: Vec::new() };
    for edge in edges {
        tree.below.entry(edge.from.clone()).or_default().push(edge);
    }
    for node in nodes {
        if tree.below.contains_key(&node) {
            tree.lines.push(Line { root: Some(node.clone()), depth: 0, hops: Vec::new(), open: Vec::new() });
            tree.expand(&node, 0);
        }
    }
    tree.lines
}

struct Tree {
    /// The connections of the nodes that are not drawn yet.
    below: BTreeMap<SafeText, Vec<Edge>>,
    lines: Vec<Line>,
    /// The depths at which something is still to come.
    open: Vec<usize>,
}

impl Tree {
    /// Draws the connections of a node, the worst first, then the greatest: the first one into the line that the node
    /// stands in, each other one into a line of its own.
    fn expand(&mut self, node: &SafeText, depth: usize) {
        let Some(mut edges) = self.below.remove(node) else { return };
        let size = |edge: &Edge| edge.value.unwrap_or(f64::NEG_INFINITY);
        edges.sort_by(|a, b| {
            let by_status = b.status.severity().cmp(&a.status.severity());
            by_status.then_with(|| size(b).total_cmp(&size(a))).then_with(|| a.to.cmp(&b.to))
        });
        let count = edges.len();
        for (n, edge) in edges.into_iter().enumerate() {
            let last = n + 1 == count;
            if n > 0 {
                self.lines.push(Line { root: None, depth, hops: Vec::new(), open: self.open.clone() });
            }
            if last {
                self.open.retain(|open| *open != depth);
            } else if n == 0 {
                self.open.push(depth);
            }
            let is_drawn = !self.below.contains_key(&edge.to);
            let has_any = is_drawn
                && self.lines.iter().any(|line| {
                    line.root.as_ref() == Some(&edge.to) || line.hops.iter().any(|hop| hop.from == edge.to)
                });
            let hop = Hop {
                from: edge.from,
                to: edge.to.clone(),
                text: edge.text,
                status: edge.status,
                first: n == 0,
                last,
                elsewhere: has_any,
            };
            if let Some(line) = self.lines.last_mut() {
                line.hops.push(hop);
                line.open.clone_from(&self.open);
            }
            self.expand(&edge.to, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(all: &[(&str, &str, f64)]) -> Vec<Edge> {
        let edge = |(from, to, value): &(&str, &str, f64)| Edge {
            from: (*from).into(),
            to: (*to).into(),
            value: Some(*value),
            text: value.to_string(),
            status: if *value < 1.0 { Status::Critical } else { Status::Ok },
        };
        all.iter().map(edge).collect()
    }

    fn told(all: &[(&str, &str, f64)]) -> Vec<String> {
        let words = |line: &Line| {
            let hops: Vec<String> = line.hops.iter().map(Hop::label).collect();
            let root = line.root.as_ref().map_or_else(|| format!("{}:", line.depth), SafeText::to_string);
            format!("{root} {} {:?}", hops.join(" "), line.open)
        };
        lines(edges(all)).iter().map(words).collect()
    }

    #[test]
    fn each_connection_is_drawn_once_the_worst_and_the_greatest_first() {
        let all =
            [("api", "db", 5.0), ("web", "api", 9.0), ("web", "cdn", 20.0), ("web", "mail", 0.5), ("mail", "db", 2.0)];
        assert_eq!(told(&all), ["web mail db [0]", "0: cdn [0]", "0: api db []"]);
    }

    #[test]
    fn what_is_met_again_is_said_to_be_elsewhere_and_a_circle_ends() {
        let all = [("a", "b", 3.0), ("b", "c", 2.0), ("c", "a", 1.0), ("a", "c", 1.0)];
        assert_eq!(told(&all), ["a b c a … [0]", "0: c … []"]);
        assert_eq!(told(&[("a", "a", 1.0)]), ["a a … []"]);
        assert!(told(&[]).is_empty());
    }
}
