//! Adds that a program over planes takes beyond one at every output position.
//!
//! A shared plane is computed wherever a reader wants it: on the output map, moved by each of the
//! reader's displacements. One of these maps, the one moved least, is counted in full, as the same
//! sum would be without sharing. What the others add are mostly positions at the edge, where
//! operands lie in the padding. Such an operand is known to be zero, and adding it is no operation:
//! at those positions a node takes one add less than it has operands that are not.
//!
//! Positions are bits of rows. All rows far enough from both edges are alike, so that a large map
//! is cut down to one with a single such row, which counts for all of them; columns likewise.

mod count;
mod grid;
