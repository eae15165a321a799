//! Compiled layers that run on NumPy arrays in place.

use signloop::kernel::{available_isa, detect_isa, forced_engine};
use std::sync::{Mutex, PoisonError};

use numpy::{
    Element, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray4,
    PyReadonlyArrayDyn, PyReadwriteArray1, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
};
use signloop::{
    base::diagnostics::Problem,
    kernel::{
        Activations, Finishing, Input, Kernel, KernelOptions, Output, PlaneLayout, Workspace,
    },
    network::{
        quant::QuantizedTensor,
        workload::{Layer, LayerKind, LayerShape, OperandBits, WeightStore},
    },
    study::measure::{cache_bytes, programs},
};

use crate::{
    arrays::{Weights, source, weight_shape},
    errors::{OrRaise, caught, raised},
    network::NetworkLike,
    watch::{loaded, watched},
};

/// Most threads of a run.
const MAX_THREADS: usize = 1024;

/// How a kernel is built.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct KernelArgs {
    method: String,
    activations: String,
    finish: String,
    bias: Vec<f32>,
    threads: usize,
    isa: Option<String>,
}

/// Codes, scales and the layer that they belong to.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct LayerArgs<'py> {
    codes: PyReadonlyArrayDyn<'py, i8>,
    scales: PyReadonlyArray1<'py, f32>,
    scheme: String,
    /// Batch, channels, height, width.
    input_shape: [u64; 4],
    stride: u64,
    padding: u64,
    dilation: u64,
    groups: u64,
}

/// A compiled layer. Threads may run it at the same time; each run has scratch memory of its own.
#[pyclass(frozen, name = "Kernel", module = "signloop._native")]
pub(crate) struct NativeKernel {
    kernel: Kernel,
    options: KernelOptions,
    threads: usize,
    /// Scratch memory that no run is using.
    spare: Mutex<Vec<Workspace>>,
}

#[pymethods]
impl NativeKernel {
    /// Compiles a layer from codes and scales.
    #[new]
    fn new(py: Python<'_>, layer: LayerArgs<'_>, options: KernelArgs) -> PyResult<Self> {
        caught(|| {
            let weights = weight_shape(layer.codes.shape())?;
            let [batch, in_channels, in_height, in_width] = layer.input_shape;
            let shape = LayerShape {
                kind: LayerKind::Conv,
                batch,
                in_channels,
                out_channels: weights.filters as u64,
                in_height,
                in_width,
                kernel_height: weights.kernel_height as u64,
                kernel_width: weights.kernel_width as u64,
                stride: layer.stride,
                padding: layer.padding,
                dilation: layer.dilation,
                groups: layer.groups,
            };
            let shape = shape.checked().map_err(|error| raised(Problem::new(error.to_string())))?;
            let codes = layer.codes.as_array().iter().copied().collect();
            let scales = layer.scales.as_array().iter().copied().collect();
            let scheme = layer.scheme.parse().or_raise()?;
            let tensor = QuantizedTensor::new(scheme, weights, codes, scales).or_raise()?;
            let bits = OperandBits { activation: 8, weight: 32, accumulator: 32, output: 8 };
            let layer = Layer {
                name: "the layer".to_owned(),
                shape,
                quantized: true,
                bits,
                tensor: String::new(),
            };
            Self::build(py, &layer, &tensor, options)
        })
    }

    /// Compiles a layer of a network from the network's weights, or from others.
    #[staticmethod]
    fn of_layer<'py>(
        py: Python<'py>,
        workload: NetworkLike<'py>,
        layer: &str,
        scheme: &str,
        weights: Option<Weights<'py>>,
        seed: u64,
        options: KernelArgs,
    ) -> PyResult<Self> {
        caught(|| {
            let workload = workload.open()?;
            let source = source(&workload, weights)?;
            let layer = workload.quantized_layer(layer).or_raise()?;
            let store = WeightStore::open(&source, scheme.parse().or_raise()?, seed).or_raise()?;
            let tensor = store.layer(layer).or_raise()?;
            Self::build(py, layer, &tensor, options)
        })
    }

    /// Runs the layer: reads `input` and writes `output` in place, with the lock released.
    fn run<'py>(
        &self,
        py: Python<'py>,
        input: &Bound<'py, PyAny>,
        output: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        caught(|| {
            let (from, to) = (self.kernel.input_layout(), self.kernel.output_layout());
            apart(input, output)?;
            let fp32: PyReadonlyArray1<'_, f32>;
            let bytes: PyReadonlyArray1<'_, u8>;
            let input = match self.options.activations {
                Activations::Fp32 => {
                    fp32 = planes(input, "input", from)?;
                    Input::Fp32(fp32.as_slice()?)
                }
                Activations::Unsigned { .. } => {
                    bytes = planes(input, "input", from)?;
                    let bytes = bytes.as_slice()?;
                    within(bytes, self.options.activations.greatest())?;
                    Input::Unsigned(bytes)
                }
            };
            match self.options.finishing {
                Finishing::Sums => {
                    let mut planes = planes_mut::<i32>(output, to)?;
                    self.run_on(py, input, Output::Sums(planes.as_slice_mut()?))
                }
                Finishing::Scaled | Finishing::Relu => {
                    let mut planes = planes_mut::<f32>(output, to)?;
                    self.run_on(py, input, Output::Fp32(planes.as_slice_mut()?))
                }
                Finishing::Requantised => {
                    let mut planes = planes_mut::<u8>(output, to)?;
                    self.run_on(py, input, Output::Unsigned(planes.as_slice_mut()?))
                }
            }
        })
    }

    /// Copies an N×C×H×W map into input planes.
    fn pack<'py>(&self, map: &Bound<'py, PyAny>, planes: &Bound<'py, PyAny>) -> PyResult<()> {
        caught(|| {
            let layout = self.kernel.input_layout();
            match self.options.activations {
                Activations::Fp32 => pack::<f32>(layout, map, planes),
                Activations::Unsigned { .. } => pack::<u8>(layout, map, planes),
            }
        })
    }

    /// Where the input's values lie.
    #[getter]
    fn input_layout<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loaded(py, self.kernel.input_layout())
    }

    /// Where the output's values lie.
    #[getter]
    fn output_layout<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loaded(py, self.kernel.output_layout())
    }

    /// Values of the input planes.
    #[getter]
    fn input_size(&self) -> usize {
        self.kernel.input_layout().len()
    }

    /// Values of the output planes.
    #[getter]
    fn output_size(&self) -> usize {
        self.kernel.output_layout().len()
    }

    /// NumPy's name of the input's type.
    #[getter]
    fn input_dtype(&self) -> &'static str {
        if self.options.activations == Activations::Fp32 { "float32" } else { "uint8" }
    }

    /// Largest value that integer activations may have; 0 for fp32.
    #[getter]
    fn greatest_input(&self) -> u32 {
        self.options.activations.greatest()
    }

    /// NumPy's name of the output's type.
    #[getter]
    fn output_dtype(&self) -> &'static str {
        match self.options.finishing {
            Finishing::Sums => "int32",
            Finishing::Scaled | Finishing::Relu => "float32",
            Finishing::Requantised => "uint8",
        }
    }

    /// The instruction set.
    #[getter]
    fn isa(&self) -> &'static str {
        self.kernel.isa().name()
    }

    /// Bytes of machine code, or of the index stream.
    #[getter]
    fn code_bytes(&self) -> usize {
        self.kernel.code_bytes()
    }
}

impl NativeKernel {
    fn build(
        py: Python<'_>,
        layer: &Layer,
        weights: &QuantizedTensor,
        given: KernelArgs,
    ) -> PyResult<Self> {
        if given.threads == 0 || given.threads > MAX_THREADS {
            let message = format!("threads must be 1 to {MAX_THREADS}, got {}", given.threads);
            return Err(raised(Problem::new(message)));
        }
        let isa = match &given.isa {
            Some(name) => available_isa(name),
            None => detect_isa(),
        };
        let mut options = KernelOptions {
            activations: given.activations.parse().or_raise()?,
            finishing: given.finish.parse().or_raise()?,
            isa: isa.or_raise()?,
            engine: forced_engine().or_raise()?,
            output_padding: 0,
            bias: given.bias,
            tile: None,
            cache_bytes: cache_bytes(2).unwrap_or(1 << 20),
        };
        let kernel = watched(
            py,
            |_| {
                let programs = programs(layer, weights, &given.method, &mut options)?;
                Kernel::build(&layer.shape, weights, &programs, &options)
            },
            |_| Ok(()),
        )?;
        Ok(Self { kernel, options, threads: given.threads, spare: Mutex::new(Vec::new()) })
    }

    fn run_on(&self, py: Python<'_>, input: Input<'_>, output: Output<'_>) -> PyResult<()> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let ran = py.detach(|| {
            let kept = spare().pop();
            let mut workspace = kept.unwrap_or_else(|| self.kernel.workspace(self.threads));
            let ran = self.kernel.run(input, output, &mut workspace);
            spare().push(workspace);
            ran
        });
        ran.or_raise()
    }
}

/// Refuses arrays that share memory: one would be read while it is written. NumPy's own bookkeeping
/// sees that only where both are views of one array.
fn apart(input: &Bound<'_, PyAny>, output: &Bound<'_, PyAny>) -> PyResult<()> {
    let bytes = |given: &Bound<'_, PyAny>| {
        let array = given.cast::<PyUntypedArray>().ok()?;
        let first = given.getattr("ctypes").ok()?.getattr("data").ok()?.extract::<usize>().ok()?;
        Some(first..first + array.len() * array.dtype().itemsize())
    };
    match (bytes(input), bytes(output)) {
        (Some(input), Some(output)) if input.start < output.end && output.start < input.end => {
            Err(PyTypeError::new_err("input and output share memory"))
        }
        _ => Ok(()),
    }
}

/// Refuses bytes that the activations' bits do not hold: sums of such would wrap.
fn within(bytes: &[u8], greatest: u32) -> PyResult<()> {
    match bytes.iter().max() {
        Some(found) if u32::from(*found) > greatest => Err(PyValueError::new_err(format!(
            "input: expected values from 0 to {greatest}, got {found}"
        ))),
        _ => Ok(()),
    }
}

/// The array as planes of a layout, where it is such.
fn planes<'py, T: Element>(
    given: &Bound<'py, PyAny>,
    name: &str,
    layout: &PlaneLayout,
) -> PyResult<PyReadonlyArray1<'py, T>> {
    fitting(given, name, layout)?.try_readonly().map_err(Into::into)
}

fn planes_mut<'py, T: Element>(
    given: &Bound<'py, PyAny>,
    layout: &PlaneLayout,
) -> PyResult<PyReadwriteArray1<'py, T>> {
    fitting(given, "output", layout)?.try_readwrite().map_err(Into::into)
}

/// Nothing is converted: a copy would be read or written in place of the caller's array.
fn fitting<'a, 'py, T: Element>(
    given: &'a Bound<'py, PyAny>,
    name: &str,
    layout: &PlaneLayout,
) -> PyResult<&'a Bound<'py, PyArray1<T>>> {
    let dtype = numpy::dtype::<T>(given.py());
    let expected = format!("expected a contiguous array of {} {dtype} values", layout.len());
    let wrong = |found: String| {
        PyTypeError::new_err(format!("{name}: {expected} ({name}_array()), got {found}"))
    };
    match given.cast::<PyArray1<T>>() {
        Ok(array) if array.len() == layout.len() && array.is_contiguous() => Ok(array),
        _ => Err(match given.cast::<PyUntypedArray>() {
            Ok(array) => wrong(format!("{:?} {}", array.shape(), array.dtype())),
            Err(_) => wrong(given.get_type().to_string()),
        }),
    }
}

fn pack<'py, T: Element + Copy + Default>(
    layout: &PlaneLayout,
    map: &Bound<'py, PyAny>,
    planes: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let map: PyReadonlyArray4<'py, T> = map.extract()?;
    let wanted = [layout.images, layout.channels, layout.height, layout.width];
    let found = map.shape();
    if !found.iter().map(|size| *size as u64).eq(wanted) {
        let message = format!("the map has the shape {found:?}, expected {wanted:?}");
        return Err(PyTypeError::new_err(message));
    }
    let mut planes = fitting::<T>(planes, "input", layout)?.try_readwrite()?;
    let planes = planes.as_slice_mut()?;
    // Borders are read as zeros, whatever the array held before.
    planes.fill(T::default());
    layout.pack(map.as_slice()?, planes);
    Ok(())
}
