//! One step of a network: a block, or a pooling over a batch.

use rayon::prelude::*;

use super::{
    block::Block,
    parameter::Parameter,
    pass::Pass,
    pool::Pooling,
    slot::Slot,
    space::{Workspace, images_per_chunk},
};

/// A step; steps run in the order of the workload's nodes.
#[derive(Debug)]
pub(super) enum Unit {
    Block(Box<Block>),
    Pool(Pool),
}

/// A pooling from one slot to another.
#[derive(Debug)]
pub(super) struct Pool {
    pub input: usize,
    pub output: usize,
    pub pooling: Pooling,
}

impl Unit {
    /// Computes the output slot.
    pub(super) fn forward(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        slots: &mut [Slot],
        work: &mut Workspace,
    ) {
        match self {
            Self::Block(block) => block.forward(pass, parameters, slots, work),
            Self::Pool(pool) => pool.forward(pass.images, slots),
        }
    }

    /// Passes the output slot's gradient on to what was read.
    pub(super) fn backward(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        slots: &mut [Slot],
        work: &mut Workspace,
    ) {
        match self {
            Self::Block(block) => block.backward(pass, parameters, slots, work),
            // The network's input has no use for a gradient.
            Self::Pool(pool) if pool.input == 0 => {}
            Self::Pool(pool) => pool.backward(pass.images, slots, work),
        }
    }
}

impl Pool {
    fn forward(&self, images: usize, slots: &mut [Slot]) {
        let (before, after) = slots.split_at_mut(self.output);
        let (from, to) = (&before[self.input], &mut after[0]);
        let (inputs, outputs) = (from.len(), to.len());
        let per = images_per_chunk(images);
        let values = from.values[..images * inputs].par_chunks(per * inputs);
        to.values[..images * outputs].par_chunks_mut(per * outputs).zip(values).for_each(
            |(to, from)| {
                let pairs = from.chunks_exact(inputs).zip(to.chunks_exact_mut(outputs));
                pairs.for_each(|(from, to)| self.pooling.forward(from, to));
            },
        );
    }

    fn backward(&self, images: usize, slots: &mut [Slot], work: &mut Workspace) {
        let Self { input, output, pooling } = self;
        let (input, output) = (*input, *output);
        let Some(gradient) = slots[output].gradient.take() else { return };
        let mut data = slots[input].gradient.take().unwrap_or_else(|| {
            let mut fresh = work.take(slots[input].values.len());
            fresh.fill(0.0);
            fresh
        });
        let (inputs, outputs) = (slots[input].len(), slots[output].len());
        let per = images_per_chunk(images);
        data[..images * inputs]
            .par_chunks_mut(per * inputs)
            .zip(gradient[..images * outputs].par_chunks(per * outputs))
            .zip(slots[input].values[..images * inputs].par_chunks(per * inputs))
            .zip(slots[output].values[..images * outputs].par_chunks(per * outputs))
            .for_each(|(((data, g), x), y)| {
                let maps = x.chunks_exact(inputs).zip(y.chunks_exact(outputs));
                let gradients = g.chunks_exact(outputs).zip(data.chunks_exact_mut(inputs));
                for ((x, y), (g, data)) in maps.zip(gradients) {
                    pooling.backward(x, y, g, data);
                }
            });
        slots[input].gradient = Some(data);
        work.give(gradient);
    }
}
