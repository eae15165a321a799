//! From passes to machine code, where it is generated.

use super::body::Body;
#[cfg(all(target_arch = "x86_64", unix))]
use super::{
    buffer::Buffer,
    here::core_here,
    x86::{Emitter, Executable, Target},
};
use signloop_base::Result;
use signloop_lower::{Geometry, GroupPass, Isa, KernelOptions, Lane};
use signloop_network::workload::LayerShape;

/// Whether machine code is generated for an instruction set.
pub(super) fn generates(isa: Isa) -> bool {
    cfg!(all(target_arch = "x86_64", unix)) && matches!(isa, Isa::Avx2 | Isa::Avx512)
}

/// Compiles the passes.
pub(super) fn compile(
    options: &KernelOptions,
    lane: Lane,
    geometry: &Geometry,
    scales: &[(f32, f32)],
    passes: &[GroupPass],
    shape: &LayerShape,
    fetchers: Option<usize>,
) -> Result<Body> {
    #[cfg(all(target_arch = "x86_64", unix))]
    if generates(options.isa) {
        let taps: Vec<i64> =
            geometry.taps.iter().map(|tap| *tap as i64 * lane.bytes() as i64).collect();
        let greatest = options.activations.greatest();
        let alternates = core_here().alternates(options.isa);
        let mut emitter = Emitter::default();
        let mut entries = Vec::with_capacity(passes.len());
        for pass in passes {
            let target = Target {
                isa: options.isa,
                lane,
                finishing: options.finishing,
                taps: &taps,
                first_filter: pass.group * (shape.out_channels / shape.groups) as u32,
                plane_bytes: geometry.output.plane as i64 * options.finishing.bytes() as i64,
                scales,
                greatest,
                alternates,
                fetchers,
            };
            entries.push(emitter.pass(&target, &pass.pass)?);
        }
        let mut constants = Buffer::new(emitter.constants.len());
        constants.copy_from_slice(&emitter.constants);
        let bytes = emitter.code.len();
        let accesses = (emitter.reads, emitter.writes);
        let instructions = emitter.code.instructions();
        let memory = Executable::new(emitter.code.bytes())?;
        return Ok(Body::Code { memory, entries, constants, bytes, accesses, instructions });
    }
    let _ = (options, lane, geometry, scales, passes, shape, fetchers);
    Ok(Body::Portable)
}
