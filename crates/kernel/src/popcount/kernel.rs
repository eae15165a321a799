//! The kernel: masks of the filters against bit planes of the patches.

use super::{
    super::{Input, Output, checks::check_weights, compiled::scales, reference::finish},
    level::{Body, PopcountLevel},
    pack::{PIXELS, Pack, WORD},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_lower::{Activations, Finishing, KernelOptions};
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Masks of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Only +1 (or only −1) beside zeros: one mask, the sign apart.
    OneSign {
        /// The mask is that of −1.
        negative: bool,
    },
    /// No zeros: w·x = 2·|P ∧ x| − |x|, with |x| shared by all filters.
    Full,
    /// A mask of +1 and one of −1.
    Both,
}

/// A layer as `bit-packed` counts it: w·x = Σ 2^i (|P ∧ x_i| − |M ∧ x_i|) over the bits i of
/// unsigned activations. Input and output are image × channel × row × column maps.
#[derive(Debug, Clone)]
pub struct BitPackedKernel {
    shape: LayerShape,
    bits: u32,
    level: PopcountLevel,
    finishing: Finishing,
    scales: Vec<(f32, f32)>,
    /// Form of every filter and its first word among the masks.
    filters: Vec<(Form, usize)>,
    masks: Vec<u64>,
    planes: Vec<u64>,
}

impl BitPackedKernel {
    /// Packs the weights.
    ///
    /// # Errors
    /// Activations are not integers of 1 to 8 bits, or weights or biases are not the layer's.
    pub fn build(
        shape: &LayerShape,
        weights: &QuantizedTensor,
        options: &KernelOptions,
    ) -> Result<Self, Problem> {
        let Activations::Unsigned { bits: bits @ 1..=8 } = options.activations else {
            return Err(Problem::new("bit-packed takes integer activations of 1 to 8 bits"));
        };
        check_weights(shape, weights, options)?;
        let mut masks = Vec::new();
        let mut filters = Vec::new();
        for filter in 0..shape.out_channels as usize {
            let codes = weights.filter(filter);
            let (plus, minus) = (codes.contains(&1), codes.contains(&-1));
            let form = match (plus, minus) {
                (true, true) if codes.contains(&0) => Form::Both,
                (true, true) => Form::Full,
                _ => Form::OneSign { negative: minus },
            };
            filters.push((form, masks.len()));
            let mut mask = |code: i8| {
                masks.extend(codes.chunks(WORD).map(|codes| {
                    (0..)
                        .zip(codes)
                        .fold(0_u64, |mask, (at, own)| mask | u64::from(*own == code) << at)
                }));
            };
            match form {
                Form::OneSign { negative: true } => mask(-1),
                Form::OneSign { .. } | Form::Full => mask(1),
                Form::Both => {
                    mask(1);
                    mask(-1);
                }
            }
        }
        let words = shape.filter_len().div_ceil(WORD as u64) as usize;
        Ok(Self {
            shape: *shape,
            bits,
            level: PopcountLevel::within(options.isa),
            finishing: options.finishing,
            scales: scales(weights, options),
            filters,
            masks,
            planes: vec![0; words * bits as usize * PIXELS],
        })
    }

    /// How bits are counted.
    #[must_use]
    pub fn level(&self) -> PopcountLevel {
        self.level
    }

    /// Counts bits another way.
    ///
    /// # Errors
    /// This processor lacks the level.
    pub fn with_level(mut self, level: PopcountLevel) -> Result<Self, Problem> {
        if !level.is_available() {
            return Err(Problem::new(format!("this processor has no {level:?} bit counts")));
        }
        self.level = level;
        Ok(self)
    }

    /// Bytes of the masks: the weights as the kernel holds them.
    #[must_use]
    pub fn mask_bytes(&self) -> usize {
        self.masks.len() * 8
    }

    /// Convolves a map into another, on one thread; nothing is allocated but a few words a block.
    ///
    /// # Errors
    /// Input or output has another type or length than the layer's map.
    pub fn run(&mut self, input: Input<'_>, mut output: Output<'_>) -> Result<(), Problem> {
        let shape = self.shape;
        let (length, kind) = match (&output, self.finishing) {
            (Output::Sums(map), Finishing::Sums) => (map.len(), true),
            (Output::Fp32(map), Finishing::Scaled | Finishing::Relu) => (map.len(), true),
            (Output::Unsigned(map), Finishing::Requantised) => (map.len(), true),
            _ => (0, false),
        };
        if !kind || length as u64 != shape.output_elements() {
            return Err(Problem::new("the output is not of this kernel"));
        }
        let Input::Unsigned(input) = input else {
            return Err(Problem::new("the input is not of this kernel"));
        };
        if input.len() as u64 != shape.input_elements() {
            return Err(Problem::new("the input is not of this kernel"));
        }
        let pixels = shape.out_height() * shape.out_width();
        let group_filters = (shape.out_channels / shape.groups) as usize;
        let group_channels = shape.in_channels / shape.groups;
        let image_values = input.len() / shape.batch as usize;
        for image in 0..shape.batch as usize {
            for first in (0..pixels).step_by(PIXELS) {
                let block = ((pixels - first) as usize).min(PIXELS);
                for group in 0..shape.groups as usize {
                    self.level.run(Pack {
                        shape: &shape,
                        image: &input[image * image_values..(image + 1) * image_values],
                        channel: group as u64 * group_channels,
                        first,
                        pixels: block,
                        bits: self.bits,
                        planes: &mut self.planes,
                    });
                    let filters = group * group_filters..(group + 1) * group_filters;
                    let plane = |filter: usize| {
                        (image * shape.out_channels as usize + filter) * pixels as usize
                            + first as usize
                    };
                    self.level.run(Count {
                        kernel: self,
                        filters,
                        block,
                        plane,
                        output: &mut output,
                    });
                }
            }
        }
        Ok(())
    }
}

/// All filters of a group over a packed block.
struct Count<'a, 'o, P> {
    kernel: &'a BitPackedKernel,
    filters: std::ops::Range<usize>,
    block: usize,
    /// Place of a filter's first pixel of the block in the output.
    plane: P,
    output: &'a mut Output<'o>,
}

/// Σ over bit planes of 2^i · |mask ∧ x_i| for every pixel; the mask is all ones if there is none.
#[inline(always)]
fn weighted(planes: &[u64], bits: usize, mask: Option<&[u64]>, sums: &mut [i64; PIXELS]) {
    // Eight pixels at a time, so that counts stay in a register through all words.
    for (at, sums) in sums.chunks_exact_mut(8).enumerate() {
        let mut total = [0_i64; 8];
        for bit in (0..bits).rev() {
            let mut count = [0_u64; 8];
            for (word, planes) in planes.chunks_exact(bits * PIXELS).enumerate() {
                let mask = mask.map_or(u64::MAX, |mask| mask[word]);
                let start = bit * PIXELS + at * 8;
                for (count, x) in count.iter_mut().zip(&planes[start..start + 8]) {
                    *count = count.wrapping_add(u64::from((x & mask).count_ones()));
                }
            }
            for (total, count) in total.iter_mut().zip(count) {
                *total = (*total << 1).wrapping_add(count as i64);
            }
        }
        sums.copy_from_slice(&total);
    }
}

impl<P: Fn(usize) -> usize> Body for Count<'_, '_, P> {
    #[inline(always)]
    fn run(self) {
        let kernel = self.kernel;
        let (bits, words) = (kernel.bits as usize, kernel.shape.filter_len().div_ceil(64) as usize);
        let (mut sums, mut other) = ([0_i64; PIXELS], [0_i64; PIXELS]);
        let mut totals = [0_i64; PIXELS];
        if self.filters.clone().any(|filter| kernel.filters[filter].0 == Form::Full) {
            weighted(&kernel.planes, bits, None, &mut totals);
        }
        for filter in self.filters {
            let (form, start) = kernel.filters[filter];
            let mask = &kernel.masks[start..start + words];
            weighted(&kernel.planes, bits, Some(mask), &mut sums);
            match form {
                Form::OneSign { negative: false } => {}
                Form::OneSign { negative: true } => sums.iter_mut().for_each(|sum| *sum = -*sum),
                Form::Full => {
                    for (sum, total) in sums.iter_mut().zip(&totals) {
                        *sum = 2 * *sum - total;
                    }
                }
                Form::Both => {
                    let mask = &kernel.masks[start + words..start + 2 * words];
                    weighted(&kernel.planes, bits, Some(mask), &mut other);
                    for (sum, other) in sums.iter_mut().zip(&other) {
                        *sum -= other;
                    }
                }
            }
            let (scale, bias) = kernel.scales[filter];
            let place = (self.plane)(filter)..(self.plane)(filter) + self.block;
            let value = |sum: i64| finish(sum as i32, scale, bias, kernel.finishing);
            match self.output {
                Output::Sums(map) => {
                    for (to, sum) in map[place].iter_mut().zip(sums) {
                        *to = sum as i32;
                    }
                }
                Output::Fp32(map) => {
                    for (to, sum) in map[place].iter_mut().zip(sums) {
                        *to = value(sum);
                    }
                }
                Output::Unsigned(map) => {
                    for (to, sum) in map[place].iter_mut().zip(sums) {
                        *to = value(sum) as u8;
                    }
                }
            }
        }
    }
}
