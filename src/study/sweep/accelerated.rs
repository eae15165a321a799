//! Points of a sweep over accelerators: every layer is mapped by a search of its own.

use std::sync::Arc;

use super::{
    inputs::Sweep,
    plans::Planned,
    row::{Point, write_invalid, write_mapped_layer, write_mapped_network},
    spec::Rows,
    variants::{ArchVariant, Machine, first_line},
};
use crate::study::map::{MapLayer, MapRequest, map};
use signloop_base::{Error, Result};

/// Rows of one combination over many accelerators. A network that fits none of an accelerator's
/// mappings is a row that says so.
pub(super) fn segment(
    sweep: &Sweep,
    planned: &Planned,
    (layers, evaluations, seed): (&[MapLayer], u64, u64),
    archs: &[Arc<ArchVariant>],
    first: u64,
    text: &mut String,
) -> Result<()> {
    let rows = sweep.spec.rows;
    for (place, variant) in archs.iter().enumerate() {
        let point = Point { index: first + place as u64, planned, arch: variant };
        let design = match &variant.arch {
            Ok(Machine::Accelerator(design)) => design,
            Ok(Machine::Processor(_)) => {
                return Err(Error::Internal("a processor among accelerators".to_owned()));
            }
            Err(why) => {
                write_invalid(text, &point, (sweep.kind(), rows), why);
                continue;
            }
        };
        let search = MapRequest {
            evaluations,
            seed,
            ..MapRequest::of(design, &planned.workload.name, layers)
        };
        let found = map(&search, &|_| {});
        match found {
            Ok(report) if rows == Rows::Layer => {
                report.layers.iter().for_each(|layer| write_mapped_layer(text, &point, layer));
            }
            Ok(report) => {
                report.totals.iter().for_each(|total| write_mapped_network(text, &point, total));
            }
            Err(error @ Error::Input(_)) => {
                write_invalid(text, &point, (sweep.kind(), rows), &first_line(&error));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}
