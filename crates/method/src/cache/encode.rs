//! A plan as bytes: a JSON header with the counts, then the programs.
//!
//! Numbers of a program are LEB128; a term is its operand times two plus its sign, and in a plane
//! program two bytes of shift.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Execution, InputSpace, OpCounts, OpProgram, Output, Plan, Shift, Term, WeightStorage};

/// Deepest program that is read: evaluation of planes recurses.
const MOST_DEPTH: u32 = 10_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    execution: Execution,
    counts: OpCounts,
    storage: WeightStorage,
    programs: u32,
}

/// The bytes of a plan; `None` where a number of its parts does not fit the format.
#[must_use]
pub fn encode(plan: &Plan) -> Option<Vec<u8>> {
    let header = Header {
        execution: plan.execution,
        counts: plan.counts,
        storage: plan.storage,
        programs: u32::try_from(plan.programs.len()).ok()?,
    };
    let header = serde_json::to_vec(&header).ok()?;
    let mut bytes = Vec::new();
    put(&mut bytes, header.len() as u64);
    bytes.extend(header);
    for program in &plan.programs {
        let planes = program.space() == InputSpace::Planes;
        let put_terms = |bytes: &mut Vec<u8>, term: &Term| {
            put(bytes, u64::from(term.source) << 1 | u64::from(term.negative));
            if planes {
                bytes.extend([term.shift.dy.cast_unsigned(), term.shift.dx.cast_unsigned()]);
            }
        };
        bytes.push(u8::from(planes));
        for number in [program.inputs(), program.nodes(), program.outputs().len() as u32] {
            put(&mut bytes, u64::from(number));
        }
        for node in 0..program.nodes() {
            let terms = program.node(node);
            put(&mut bytes, terms.len() as u64);
            terms.iter().for_each(|term| put_terms(&mut bytes, term));
        }
        for output in program.outputs() {
            put(&mut bytes, output.terms.len() as u64);
            for (term, factor) in &output.terms {
                put_terms(&mut bytes, term);
                bytes.push(factor.cast_unsigned());
            }
        }
    }
    Some(bytes)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The plan of some bytes; `None` where they are no plan. Reads only operands that exist.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Plan> {
    let mut reader = Reader { bytes };
    let length = reader.length()?;
    let header: Header = serde_json::from_slice(reader.take(length)?).ok()?;
    let mut programs = Vec::new();
    for _ in 0..header.programs {
        programs.push(Arc::new(reader.program()?));
    }
    let Header { execution, counts, storage, .. } = header;
    reader.bytes.is_empty().then_some(Plan { execution, counts, storage, programs })
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things of which each takes at least a byte, so that it bounds what is reserved.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|length| *length <= self.bytes.len())
    }

    fn program(&mut self) -> Option<OpProgram> {
        let planes = match self.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let space = if planes { InputSpace::Planes } else { InputSpace::Patch };
        let inputs = u32::try_from(self.number()?).ok()?;
        let (nodes, outputs) = (self.length()?, self.length()?);
        inputs.checked_add(u32::try_from(nodes).ok()?)?;
        let mut program = OpProgram::new(space, inputs);
        let mut depths: Vec<u32> = Vec::with_capacity(nodes);
        let mut terms = Vec::new();
        for node in 0..nodes {
            let count = self.length().filter(|count| *count > 0)?;
            terms.clear();
            let mut depth = 0;
            for _ in 0..count {
                let term = self.term(planes, inputs + node as u32)?;
                if let Some(inner) = term.source.checked_sub(inputs) {
                    depth = depth.max(depths[inner as usize] + 1);
                }
                terms.push(term);
            }
            if depth > MOST_DEPTH {
                return None;
            }
            depths.push(depth);
            program.push_node(terms.iter().copied());
        }
        for _ in 0..outputs {
            let count = self.length()?;
            let mut terms = Vec::with_capacity(count);
            for _ in 0..count {
                let term = self.term(planes, inputs + nodes as u32)?;
                // A factor of −128 has no opposite.
                let factor = self.byte()?.cast_signed();
                terms.push((term, (factor != i8::MIN).then_some(factor)?));
            }
            program.push_output(Output { terms });
        }
        Some(program)
    }

    fn term(&mut self, planes: bool, operands: u32) -> Option<Term> {
        let number = self.number()?;
        let source = u32::try_from(number >> 1).ok().filter(|source| *source < operands)?;
        let shift = if planes {
            let (dy, dx) = (self.byte()?.cast_signed(), self.byte()?.cast_signed());
            Shift { dy, dx }
        } else {
            Shift::default()
        };
        Some(Term { source, negative: number & 1 == 1, shift })
    }
}
