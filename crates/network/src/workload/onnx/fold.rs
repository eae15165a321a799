//! What operators make of constants: weights behind Identity, Transpose, Cast, Sign, Mul and
//! quantisers, and the arithmetic of shapes.

use super::{
    model::Node,
    pointwise::{pointwise, quantised},
    refusal::Refusal,
    sizes::{Seen, axis, broadcast, moved, permutation, product, reduced_axes, slice, split},
    tensor::{Constant, Data},
};

/// The outputs of a node that reads constants only; `None` where it is not known how to compute them.
/// `left` is how many more values may be made.
pub(super) fn fold(
    node: &Node,
    inputs: &[Option<&Constant>],
    left: &mut usize,
) -> Result<Option<Vec<Constant>>, Refusal> {
    let seen = Seen {
        sizes: inputs.iter().map(|input| input.map(Constant::dims)).collect(),
        constants: inputs.to_vec(),
    };
    let moves = moved(node, &seen)?;
    let is_moved = moves.is_some();
    let first_sizes = || inputs.iter().flatten().next().map(|first| first.dims());
    let alike = combined(inputs);
    let sizes = moves
        .or_else(|| Some(vec![alike.clone().or_else(first_sizes)?]))
        .unwrap_or_else(|| vec![Vec::new()]);
    let mut made = 0_u64;
    for sizes in &sizes {
        made = made.saturating_add(product(sizes)?);
    }
    *left = usize::try_from(made)
        .ok()
        .and_then(|made| left.checked_sub(made))
        .ok_or("its constants become too large for the size of the model")?;
    let Some(Some(first)) = inputs.first() else { return made_anew(node, inputs, left) };
    let shapes: Vec<Vec<usize>> =
        sizes.iter().map(|sizes| sizes.iter().map(|size| *size as usize).collect()).collect();
    let shape = shapes[0].clone();
    let one = |constant: Constant| Ok(Some(vec![constant]));
    match node.op.as_str() {
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Identity" | "Dropout" => {
            let shape = if matches!(node.op.as_str(), "Identity" | "Dropout") {
                first.shape.clone()
            } else {
                shape
            };
            one(Constant { shape, ..(*first).clone() })
        }
        "Transpose" | "Expand" | "Slice" | "Split" => {
            let made = rearranged(node, first, &seen, shapes)?;
            Ok(Some(made))
        }
        "Gather" => gather(node, first, inputs[1], shape).map(|made| Some(vec![made])),
        "Concat" => one(concat(node, inputs, shape)?),
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1" => {
            let gone = reduced_axes(node, &seen)?;
            if gone.is_none() && node.flag("noop_with_empty_axes") {
                return one((*first).clone());
            }
            one(reduce(
                node,
                first,
                &gone.unwrap_or_else(|| (0..first.shape.len()).collect()),
                shape,
            ))
        }
        "ConstantOfShape" | "Range" => made_anew(node, inputs, left),
        "DequantizeLinear" | "QuantizeLinear" | "Quant" | "BipolarQuant" => {
            quantised(node, inputs).map(|made| made.map(|made| vec![made]))
        }
        // A constant that no rule here computes, or inputs that do not combine.
        _ if is_moved || alike.is_none() => Ok(None),
        _ => {
            let spread: Vec<Constant> =
                inputs.iter().flatten().map(|input| spread(input, &shape)).collect();
            if spread.len() > 3 {
                return Ok(None);
            }
            Ok(pointwise(node, &spread)
                .map(|(kind, data)| vec![Constant { name: first.name.clone(), kind, shape, data }]))
        }
    }
}

/// The outputs of an operator that picks elements at regular steps.
fn rearranged(
    node: &Node,
    first: &Constant,
    seen: &Seen<'_>,
    shapes: Vec<Vec<usize>>,
) -> Result<Vec<Constant>, Refusal> {
    let own = steps(&first.shape);
    let (starts, steps): (Vec<i64>, Vec<i64>) = match node.op.as_str() {
        "Transpose" => {
            let order = permutation(node, own.len())?;
            (vec![0], order.iter().map(|at| own[*at]).collect())
        }
        "Slice" => {
            let cuts = slice(node, seen)?;
            let start = cuts.iter().zip(&own).map(|(cut, step)| cut.start * step).sum();
            (vec![start], cuts.iter().zip(&own).map(|(cut, step)| cut.step * step).collect())
        }
        "Split" => {
            let at = axis(node.int("axis", 0), own.len())?;
            let parts = split(node, seen)?;
            let begin = parts.iter().scan(0, |start, sizes| {
                let begin = *start;
                *start += sizes[at] as i64 * own[at];
                Some(begin)
            });
            (begin.collect(), own)
        }
        _ => return Ok(shapes.iter().map(|shape| spread(first, shape)).collect()),
    };
    let parts = shapes.into_iter().zip(starts);
    Ok(parts
        .map(|(shape, start)| first.picked(shape.clone(), strided(&shape, start, &steps)))
        .collect())
}

/// The shape that all inputs are spread to, if they combine.
fn combined(inputs: &[Option<&Constant>]) -> Option<Vec<u64>> {
    inputs
        .iter()
        .flatten()
        .try_fold(Vec::new(), |sizes, input| broadcast(&sizes, &input.dims()).ok())
}

/// Elements from one to the next along each axis.
fn steps(shape: &[usize]) -> Vec<i64> {
    let mut step = 1_i64;
    let mut steps: Vec<i64> = shape
        .iter()
        .rev()
        .map(|size| {
            let own = step;
            step = step.saturating_mul((*size).max(1) as i64);
            own
        })
        .collect();
    steps.reverse();
    steps
}

/// Places of a shape's elements, in order, where each axis has a step of its own.
fn strided<'a>(
    shape: &'a [usize],
    start: i64,
    steps: &'a [i64],
) -> impl Iterator<Item = usize> + 'a {
    let count: usize = shape.iter().product();
    (0..count).map(move |mut index| {
        let mut place = start;
        for (size, step) in shape.iter().zip(steps).rev() {
            place += (index % size) as i64 * step;
            index /= size;
        }
        place as usize
    })
}

/// A constant repeated along the axes where it has the size 1.
fn spread(constant: &Constant, shape: &[usize]) -> Constant {
    if constant.shape == shape {
        return constant.clone();
    }
    let own = steps(&constant.shape);
    let missing = shape.len().saturating_sub(constant.shape.len());
    let steps: Vec<i64> = (0..shape.len())
        .map(|at| match at.checked_sub(missing) {
            Some(own_at) if constant.shape[own_at] != 1 => own[own_at],
            _ => 0,
        })
        .collect();
    constant.picked(shape.to_vec(), strided(shape, 0, &steps))
}

fn gather(
    node: &Node,
    data: &Constant,
    indices: Option<&Constant>,
    shape: Vec<usize>,
) -> Result<Constant, Refusal> {
    let at = axis(node.int("axis", 0), data.shape.len())?;
    let size = data.shape[at];
    let chosen: Vec<usize> = indices
        .ok_or("it has no indices")?
        .integers()
        .into_iter()
        .map(|index| axis(index, size))
        .collect::<Result<_, _>>()?;
    let inner: usize = data.shape[at + 1..].iter().product();
    let outer: usize = data.shape[..at].iter().product();
    let places = (0..outer).flat_map(|outer| {
        chosen.iter().flat_map(move |index| {
            (0..inner).map(move |inner_at| (outer * size + index) * inner + inner_at)
        })
    });
    Ok(data.picked(shape, places))
}

fn concat(
    node: &Node,
    inputs: &[Option<&Constant>],
    shape: Vec<usize>,
) -> Result<Constant, Refusal> {
    let parts: Vec<&Constant> = inputs.iter().flatten().copied().collect();
    let at = axis(node.int("axis", 1), shape.len())?;
    let outer: usize = shape[..at].iter().product();
    let rows = |part: &Constant| part.shape[at..].iter().product::<usize>();
    let whole = parts.iter().all(|part| matches!(part.data, Data::Integers(_)));
    let data = if whole {
        let values: Vec<Vec<i64>> = parts.iter().map(|part| part.integers()).collect();
        Data::Integers(
            (0..outer)
                .flat_map(|row| {
                    parts.iter().zip(&values).flat_map(move |(part, values)| {
                        let length = rows(part);
                        values[row * length..(row + 1) * length].iter().copied()
                    })
                })
                .collect(),
        )
    } else {
        let values: Vec<_> = parts.iter().map(|part| part.floats()).collect();
        let mut joined = Vec::new();
        for row in 0..outer {
            for (part, values) in parts.iter().zip(&values) {
                let length = rows(part);
                joined.extend_from_slice(&values[row * length..(row + 1) * length]);
            }
        }
        Data::Floats(joined)
    };
    Ok(Constant { name: parts[0].name.clone(), kind: parts[0].kind, shape, data })
}

fn reduce(node: &Node, constant: &Constant, gone: &[usize], shape: Vec<usize>) -> Constant {
    // Where each element goes: the axes that are left keep their steps.
    let kept: Vec<usize> = constant
        .shape
        .iter()
        .enumerate()
        .map(|(at, size)| if gone.contains(&at) { 1 } else { *size })
        .collect();
    let own = steps(&kept);
    let own: Vec<i64> = own
        .iter()
        .enumerate()
        .map(|(at, step)| if gone.contains(&at) { 0 } else { *step })
        .collect();
    let count: usize = kept.iter().product();
    let each = constant.len().checked_div(count).unwrap_or(0);
    let begin = match node.op.as_str() {
        "ReduceMax" => f64::NEG_INFINITY,
        "ReduceMin" => f64::INFINITY,
        "ReduceProd" => 1.0,
        _ => 0.0,
    };
    let mut sums = vec![begin; count];
    for (value, place) in constant.floats().iter().zip(strided(&constant.shape, 0, &own)) {
        let (value, sum) = (f64::from(*value), &mut sums[place]);
        *sum = match node.op.as_str() {
            "ReduceMax" => sum.max(value),
            "ReduceMin" => sum.min(value),
            "ReduceProd" => *sum * value,
            "ReduceL1" => *sum + value.abs(),
            _ => *sum + value,
        };
    }
    if node.op == "ReduceMean" {
        sums.iter_mut().for_each(|sum| *sum /= each as f64);
    }
    let data = match constant.data {
        Data::Integers(_) => Data::Integers(sums.iter().map(|sum| *sum as i64).collect()),
        Data::Floats(_) => Data::Floats(sums.iter().map(|sum| *sum as f32).collect()),
    };
    Constant { name: constant.name.clone(), kind: constant.kind, shape, data }
}

/// `ConstantOfShape` and `Range`: values from sizes alone.
fn made_anew(
    node: &Node,
    inputs: &[Option<&Constant>],
    left: &mut usize,
) -> Result<Option<Vec<Constant>>, Refusal> {
    let lists: Vec<Vec<i64>> = inputs.iter().flatten().map(|input| input.integers()).collect();
    let mut take = |count: u64| {
        let rest = usize::try_from(count).ok().and_then(|count| left.checked_sub(count));
        *left = rest.ok_or("its constants become too large for the size of the model")?;
        Ok::<_, Refusal>(count as usize)
    };
    match (node.op.as_str(), lists.as_slice()) {
        ("ConstantOfShape", [shape]) => {
            let shape: Vec<usize> = shape
                .iter()
                .map(|size| usize::try_from(*size).map_err(|_| format!("a size is {size}").into()))
                .collect::<Result<_, Refusal>>()?;
            let sizes: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
            let count = take(product(&sizes)?)?;
            let value = node.tensors.get("value").and_then(|value| value.as_ref().ok());
            let (kind, data) = match value {
                Some(Constant { kind, data: Data::Integers(one), .. }) if !one.is_empty() => {
                    (*kind, Data::Integers(vec![one[0]; count]))
                }
                Some(Constant { kind, data: Data::Floats(one), .. }) if !one.is_empty() => {
                    (*kind, Data::Floats(vec![one[0]; count]))
                }
                Some(_) => return Ok(None),
                None => (1, Data::Floats(vec![0.0; count])),
            };
            Ok(Some(vec![Constant { name: String::new(), kind, shape, data }]))
        }
        ("Range", [start, end, step]) => {
            let whole =
                inputs.iter().flatten().all(|input| matches!(input.data, Data::Integers(_)));
            let ([start], [end], [step]) = (&start[..], &end[..], &step[..]) else {
                return Ok(None);
            };
            if *step == 0 || !whole {
                return Ok(None);
            }
            let reach =
                if *step > 0 { end.saturating_sub(*start) } else { start.saturating_sub(*end) };
            let count = take((reach.max(0) as u64).div_ceil(step.unsigned_abs()))?;
            let values = (0..count as i64).map(|at| start.wrapping_add(at.wrapping_mul(*step)));
            Ok(Some(vec![Constant::list(values.collect())]))
        }
        _ => Ok(None),
    }
}
