//! Do the shipped accelerators behave as published?

use std::path::Path;

use signloop::{
    accelerator::{
        mapping::{self, Mapping},
        model::Evaluator,
        problem::{DensitySpec, Problem},
        sparse::Rules,
    },
    base::config::Document,
    machine::{
        accelerator::{self, Accelerator},
        energy::{Scaling, SramQuery, sram_energy},
    },
    network::workload::{LayerKind, LayerShape},
};

fn shipped(name: &str) -> Accelerator {
    accelerator::parse(&accelerator::document(Path::new(name)).unwrap()).unwrap()
}

fn mapped(accelerator: &Accelerator, problem: &Problem, text: &str) -> Mapping {
    let document = Document::parse("mapping", text.to_owned()).unwrap();
    mapping::parse(&document, problem, &accelerator.level_names())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A pointwise convolution, or a linear layer of `batch` where `size` is 0.
fn layer(batch: u64, filters: u64, channels: u64, size: u64) -> LayerShape {
    LayerShape {
        kind: if size == 0 { LayerKind::Linear } else { LayerKind::Conv },
        batch,
        in_channels: channels,
        out_channels: filters,
        in_height: size.max(1),
        in_width: size.max(1),
        kernel_height: 1,
        kernel_width: 1,
        stride: 1,
        padding: 0,
        dilation: 1,
        groups: 1,
    }
    .checked()
    .unwrap()
}

/// Name, shape, densities, inner tile, cycles and error in percent.
type Pointwise = (&'static str, [u64; 3], [f64; 2], [u64; 2], u64, f64);

/// Pointwise layers of sparse MobileNet 0.5 on one Eyeriss v2 PE: filters, channels, output side,
/// densities of inputs and weights, filters and channels of the inner tile, and the cycles of the
/// machine (Sparseloop artifact, fig12: workload/, mappings/ and ground_truth_cycles.yaml).
const MOBILENET: [Pointwise; 8] = [
    ("L07", [64, 64, 32], [0.73, 0.52], [8, 8], 1_702_140, -6.46),
    ("L09", [128, 64, 16], [0.86, 0.82], [16, 8], 1_499_682, -1.37),
    ("L13", [256, 128, 8], [0.83, 0.64], [16, 8], 1_144_158, -2.62),
    ("L19", [256, 256, 8], [0.61, 0.55], [16, 8], 1_457_458, -3.44),
    ("L21", [256, 256, 8], [0.64, 0.60], [16, 8], 1_677_684, -3.99),
    ("L23", [256, 256, 8], [0.61, 0.70], [16, 8], 1_821_557, -1.67),
    ("L25", [512, 256, 4], [0.68, 0.65], [16, 8], 948_572, -2.25),
    ("L27", [512, 512, 4], [0.58, 0.30], [16, 8], 775_316, -5.86),
];

#[test]
fn the_eyeriss_v2_element_does_the_effectual_operations() {
    let machine = shipped("eyeriss-v2-pe");
    for (name, [filters, channels, side], [inputs, weights], [k, c], truth, error) in MOBILENET {
        let problem = Problem::of_layer(
            &layer(1, filters, channels, side),
            DensitySpec::Uniform(weights),
            DensitySpec::Uniform(inputs),
        );
        let text = format!(
            "[[mapping]]\nlevel = \"BackingStorage\"\ntemporal = \"K={} C={} Q={side} P={side}\"\n\
             [[mapping]]\nlevel = \"iact_spad\"\nkeep = [\"Inputs\"]\n\
             [[mapping]]\nlevel = \"weight_spad\"\nkeep = [\"Weights\"]\n\
             [[mapping]]\nlevel = \"psum_spad\"\ntemporal = \"C={c} K={k}\"\nkeep = [\"Outputs\"]\n\
             [[mapping]]\nlevel = \"reg\"\nkeep = [\"Inputs\"]\n",
            filters / k,
            channels / c,
        );
        let mapping = mapped(&machine, &problem, &text);
        // Zeros of either operand take no cycle: operations times the share of nonzeros of both,
        // where a share is a whole number of elements.
        let share = |density: f64, size: u64| (density * size as f64 - 1e-6).ceil() / size as f64;
        let operations = (filters * channels * side * side) as f64;
        let exact =
            operations * share(inputs, channels * side * side) * share(weights, filters * channels);
        for rules in [Rules::Exact, Rules::Timeloop] {
            let mut evaluator = Evaluator::new(&machine, &problem, rules).unwrap();
            let cycles = evaluator.evaluate(&mapping).unwrap().score.cycles;
            assert!((cycles as f64 - exact).abs() <= 3.0, "{name} {rules:?}: {cycles}, {exact}");
            // The published error of the model against the machine, two decimals.
            let own = 100.0 * (cycles as f64 / truth as f64 - 1.0);
            assert!((own - error).abs() < 0.01, "{name}: {own:.2} %, published {error} %");
        }
    }
}

/// Cycles of 256 x 256 x 1024 operations on the sparse tensor core, as many as the artifact's layer
/// of K 256, in the artifact's dataflow: a weight stays for 128 activations, the register files
/// accumulate 16 x 128 outputs.
fn on_the_tensor_core(
    machine: &Accelerator,
    weights: DensitySpec,
    lanes: u64,
    rules: Rules,
) -> Option<u64> {
    let problem = Problem::of_layer(&layer(256, 256, 1024, 0), weights, DensitySpec::Dense);
    let text = format!(
        "[[mapping]]\nlevel = \"DRAM\"\ntemporal = \"N=2 K=4\"\n\
         [[mapping]]\nlevel = \"SMEM\"\nspatial_y = \"K=4\"\nbypass = [\"Outputs\"]\n\
         [[mapping]]\nlevel = \"RF\"\ntemporal = \"C={}\"\nspatial_x = \"C={lanes}\"\n\
         spatial_y = \"K=16\"\nkeep = [\"Outputs\"]\n\
         [[mapping]]\nlevel = \"LRF\"\ntemporal = \"N=128\"\nkeep = [\"Weights\"]\n",
        1024 / lanes,
    );
    let mapping = mapped(machine, &problem, &text);
    let mut evaluator = Evaluator::new(machine, &problem, rules).unwrap();
    evaluator.evaluate(&mapping).ok().map(|found| found.score.cycles)
}

#[test]
fn two_of_four_weights_run_twice_as_fast_on_the_sparse_tensor_core() {
    let machine = shipped("stc");
    for rules in [Rules::Exact, Rules::Timeloop] {
        // 256 * 256 * 1024 / 1024 lanes, and exactly half, with the ports of the description:
        // 32 activations, 8 weights and 8 coordinates of 2 bits are its 42 words a cycle.
        let cycles = |weights, lanes| on_the_tensor_core(&machine, weights, lanes, rules);
        assert_eq!(cycles(DensitySpec::Dense, 16), Some(65_536), "{rules:?}");
        assert_eq!(cycles(DensitySpec::Structured(0.5), 32), Some(32_768), "{rules:?}");
        // Weights that are not structured may fill a block of four, and find no room.
        assert_eq!(cycles(DensitySpec::Uniform(0.5), 32), None, "{rules:?}");
        assert_eq!(cycles(DensitySpec::Dense, 32), None, "{rules:?}");
    }
    // The ports of the shared memory are as wide as that needs and no wider: with 41 words a cycle
    // the 42 take 42/41 of the time.
    let mut narrow = machine.clone();
    narrow.levels[2].read_words_per_cycle = Some(41.0);
    let bound = on_the_tensor_core(&narrow, DensitySpec::Structured(0.5), 32, Rules::Exact);
    assert_eq!(bound, Some((32_768_u64 * 42).div_ceil(41)));
    // One of four weights needs 64 activations a cycle: 2.7 times the dense speed, not 4.
    let sparser = on_the_tensor_core(&machine, DensitySpec::Structured(0.25), 64, Rules::Exact);
    assert_eq!(sparser, Some((16_384_u64 * (64 + 8 + 2)).div_ceil(42)));
}

/// Spatial skipping leaves lanes of zero weights out. What the shared memory sends is what arrives in
/// the lanes' registers, and every operation done reads one weight there, both in the correct model
/// and in Timeloop's rounding.
#[test]
fn lanes_of_nonzeros_get_the_nonzeros() {
    // Of 8 x 32 weights a half is nonzero, of 8 x 64 a quarter: 128, each for 8 activations.
    for name in ["30_stc_2_4", "30_stc_2_8"] {
        let path = format!("tests/cases/accelerator/{name}.toml");
        let document = Document::read(Path::new(&path)).unwrap();
        let machine = accelerator::parse(&document).unwrap();
        let problem = signloop::accelerator::problem::parse(&document).unwrap();
        let mapping = mapping::parse(&document, &problem, &machine.level_names()).unwrap();
        for rules in [Rules::Exact, Rules::Timeloop] {
            let mut evaluator = Evaluator::new(&machine, &problem, rules).unwrap();
            let found = evaluator.evaluate(&mapping).unwrap();
            let all = |level: usize, part: fn(&signloop::accelerator::model::Words) -> f64| {
                let cost = &found.levels[level].tensors[0];
                (part(&cost.words) * cost.instances).round() as u64
            };
            let sent = all(1, |words| words.read.actual);
            let (arrived, used) =
                (all(0, |words| words.fill.actual), all(0, |words| words.read.actual));
            let done = found.compute.flow.actual.round() as u64;
            assert_eq!(
                (sent, arrived, used, done),
                (128, 128, 8 * 128, 8 * 128),
                "{name} {rules:?}"
            );
        }
    }
}

/// A level without energies takes those of the table of SRAM energies; stated ones always win.
#[test]
fn levels_without_energies_take_them_from_the_table() {
    let sized = |head: &str, energy: &str| {
        let text = format!(
            "kind = \"accelerator\"\nname = \"sized\"\n{head}\n\
             [[storage]]\nname = \"Buffer\"\nsource = \"made up for this test\"\n\
             capacity_words = 16384\nword_bits = 8\nblock_words = 8\n{energy}\n\
             [compute]\nname = \"MAC\"\nsource = \"made up for this test\"\nword_bits = 8\n\
             energy = {{ compute_pj = 1.0 }}\n"
        );
        let document = Document::parse("sized", text).unwrap();
        accelerator::parse(&document).unwrap().levels[0].energy
    };
    let query = |node_nm, scaling| {
        sram_energy(&SramQuery { bytes: 16_384, width_bits: 64, node_nm, scaling }).unwrap()
    };
    let found = sized("", "");
    let wanted = query(45.0, Scaling::Endpoints);
    assert_eq!((found.read.actual, found.fill.actual), (wanted.read_pj, wanted.write_pj));
    assert!(found.interpolated.is_some());
    let found = sized("node_nm = 22\nscaling = \"stillmaker\"\n", "");
    assert_eq!(found.read.actual, query(22.0, Scaling::Stillmaker).read_pj);
    let stated = sized("node_nm = 22\n", "energy = { read_pj = 1.25 }");
    assert_eq!((stated.read.actual, stated.fill.actual), (1.25, 0.0));
    assert!(stated.interpolated.is_none());
}
