//! Which of the engines is the fastest here, by a short trial.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use super::{conv::Product, engine::Engine};

impl Engine {
    /// The fastest engine of this processor, found once by a trial of a millisecond: cores that
    /// run 512-bit instructions in halves are faster with AVX2. The choice cannot change a
    /// result, since both give equal bits.
    #[must_use]
    pub fn detect() -> Self {
        static FASTEST: OnceLock<Engine> = OnceLock::new();
        *FASTEST.get_or_init(|| match *Self::available().as_slice() {
            [Self::Avx512, Self::Avx2, ..] => {
                let (wide, narrow) = (Self::Avx512.trial(), Self::Avx2.trial());
                if wide < narrow { Self::Avx512 } else { Self::Avx2 }
            }
            ref engines => engines[0],
        })
    }

    /// The time of the three kinds of products that most of ResNet-20's training consists of, each
    /// the shortest of some: a pass over an image row of 16 and of 32 channels, and a weight
    /// gradient of 16 channels.
    fn trial(self) -> Duration {
        self.shortest(16, false) + self.shortest(32, false) + self.shortest(16, true)
    }

    /// The shortest of some products over a map of `channels` channels, 32 pixels wide; `gradient`
    /// takes the shape of a weight gradient.
    fn shortest(self, channels: usize, gradient: bool) -> Duration {
        const SIDE: usize = 32;
        let pitch = (SIDE + 2) * channels;
        let map = vec![0.5; pitch * (SIDE + 2)];
        let block = self.block(channels).min(channels);
        let (rows, inner, outer) =
            if gradient { (3 * channels, SIDE, SIDE) } else { (SIDE, 3 * channels, 3) };
        let mut sums = vec![0.0; rows * channels];
        let mut time = |_| {
            let start = Instant::now();
            for column in (0..channels).step_by(block) {
                let product = Product {
                    a: &map,
                    a_row: if gradient { 1 } else { channels },
                    a_inner: if gradient { channels } else { 1 },
                    a_outer: pitch,
                    b: &map[column..],
                    b_inner: block,
                    b_outer: inner * block,
                    c: &mut sums[column..],
                    c_row: channels,
                    rows,
                    columns: block,
                    inner,
                    outer,
                    accumulate: false,
                };
                product.run(self);
            }
            start.elapsed()
        };
        (0..20).map(&mut time).min().unwrap_or_default()
    }
}
