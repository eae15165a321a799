//! Which filters are computed together: those that share a sum, as many as the registers hold.

use std::collections::BTreeSet;

use signloop_method::OpProgram;

/// Filters that share sums, and the program nodes that they need, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Filters.
    pub outputs: Vec<u32>,
    /// Nodes.
    pub nodes: Vec<u32>,
}

impl Cluster {
    /// Nodes that add inputs, each of which needs a register while the inputs are swept.
    pub fn accumulators(&self, program: &OpProgram) -> usize {
        let taps = |node: &&u32| program.node(**node).iter().any(|t| t.source < program.inputs());
        self.nodes.iter().filter(taps).count()
    }
}

/// The clusters of a program in the order of their first filter.
pub fn clusters(program: &OpProgram) -> Vec<Cluster> {
    let (nodes, inputs) = (program.nodes() as usize, program.inputs());
    // Union-find over nodes; a node joins what it reads.
    let mut parent: Vec<usize> = (0..nodes).collect();
    fn root(parent: &mut [usize], mut node: usize) -> usize {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    }
    let mut join = |a: usize, b: usize| {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        parent[a.max(b)] = a.min(b);
    };
    for node in 0..nodes {
        for term in program.node(node as u32) {
            if let Some(read) = term.source.checked_sub(inputs) {
                join(node, read as usize);
            }
        }
    }
    let read = |output: u32| {
        let terms = &program.outputs()[output as usize].terms;
        terms.iter().filter_map(move |(term, _)| term.source.checked_sub(inputs))
    };
    for output in 0..program.outputs().len() as u32 {
        let mut nodes = read(output);
        if let Some(first) = nodes.next() {
            nodes.for_each(|other| join(first as usize, other as usize));
        }
    }
    let mut needed = vec![false; nodes];
    for output in 0..program.outputs().len() as u32 {
        read(output).for_each(|node| needed[node as usize] = true);
    }
    for node in (0..nodes).rev().filter(|node| needed[*node]).collect::<Vec<_>>() {
        mark(program, &mut needed, node);
    }
    let mut place = vec![None; nodes];
    let mut found: Vec<Cluster> = Vec::new();
    for output in 0..program.outputs().len() as u32 {
        let Some(node) = read(output).next() else {
            found.push(Cluster { outputs: vec![output], nodes: Vec::new() });
            continue;
        };
        let root = root(&mut parent, node as usize);
        let at = *place[root].get_or_insert_with(|| {
            found.push(Cluster { outputs: Vec::new(), nodes: Vec::new() });
            found.len() - 1
        });
        found[at].outputs.push(output);
    }
    for node in 0..nodes {
        if needed[node]
            && let Some(at) = place[root(&mut parent, node)]
        {
            found[at].nodes.push(node as u32);
        }
    }
    found
}

/// Marks all that a node reads.
fn mark(program: &OpProgram, needed: &mut [bool], node: usize) {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        for term in program.node(node as u32) {
            if let Some(read) = term.source.checked_sub(program.inputs())
                && !needed[read as usize]
            {
                needed[read as usize] = true;
                stack.push(read as usize);
            }
        }
    }
}

/// Joins neighbouring clusters while their accumulators fit.
pub fn pack(program: &OpProgram, clusters: Vec<Cluster>, accumulators: usize) -> Vec<Cluster> {
    let mut packed: Vec<(usize, Cluster)> = Vec::new();
    for cluster in clusters {
        let own = cluster.accumulators(program);
        match packed.last_mut() {
            // Sums without accumulators are bounded too, so that a pass stays short.
            Some((sum, last)) if *sum + own.max(1) <= accumulators => {
                *sum += own.max(1);
                last.outputs.extend(cluster.outputs);
                last.nodes.extend(cluster.nodes);
            }
            _ => packed.push((own.max(1), cluster)),
        }
    }
    let sort = |(_, mut cluster): (usize, Cluster)| {
        cluster.nodes = BTreeSet::from_iter(cluster.nodes).into_iter().collect();
        cluster
    };
    packed.into_iter().map(sort).collect()
}
