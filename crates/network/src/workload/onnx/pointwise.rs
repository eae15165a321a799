//! Operators that compute a constant element by element.

use half::{bf16, f16};

use super::{
    model::Node,
    refusal::{Refusal, refuse},
    tensor::{Constant, Data},
};

/// The element type and values of a node over inputs of one shape, if it is known how.
pub(super) fn pointwise(node: &Node, inputs: &[Constant]) -> Option<(i64, Data)> {
    let op = node.op.as_str();
    match inputs {
        [one] if op == "Cast" => cast(one, node.int("to", 1)),
        [one] => unary(op, one).map(|data| (one.kind, data)),
        [condition, yes, no] if op == "Where" => {
            let chosen = condition.floats();
            let data = match (&yes.data, &no.data) {
                (Data::Integers(yes), Data::Integers(no)) => Data::Integers(
                    chosen
                        .iter()
                        .zip(yes.iter().zip(no))
                        .map(|(c, (y, n))| if *c == 0.0 { *n } else { *y })
                        .collect(),
                ),
                _ => Data::Floats(
                    chosen
                        .iter()
                        .zip(yes.floats().iter().zip(no.floats().iter()))
                        .map(|(c, (y, n))| if *c == 0.0 { *n } else { *y })
                        .collect(),
                ),
            };
            Some((yes.kind, data))
        }
        [value, low, high] if op == "Clip" => {
            let (low, high) = (low.floats(), high.floats());
            let values = value.floats();
            let clipped =
                values.iter().zip(low.iter().zip(high.iter())).map(|(v, (l, h))| v.max(*l).min(*h));
            Some((value.kind, Data::Floats(clipped.collect())))
        }
        [one, other] => binary(op, one, other),
        _ => None,
    }
}

fn cast(one: &Constant, kind: i64) -> Option<(i64, Data)> {
    let floats =
        |value: fn(f32) -> f32| Data::Floats(one.floats().iter().map(|x| value(*x)).collect());
    let data = match kind {
        1 | 11 => floats(|x| x),
        10 => floats(|x| f16::from_f32(x).to_f32()),
        16 => floats(|x| bf16::from_f32(x).to_f32()),
        9 => floats(|x| f32::from(u8::from(x != 0.0))),
        2..=5 => floats(f32::trunc),
        6 | 7 | 12 | 13 => Data::Integers(one.integers()),
        _ => return None,
    };
    Some((kind, data))
}

/// Half of what lies between goes to the even neighbour, and 0 has the sign 0.
fn unary(op: &str, one: &Constant) -> Option<Data> {
    if let Data::Integers(values) = &one.data {
        let function: fn(i64) -> i64 = match op {
            "Neg" => i64::wrapping_neg,
            "Abs" => i64::wrapping_abs,
            "Sign" => i64::signum,
            _ => return None,
        };
        return Some(Data::Integers(values.iter().map(|value| function(*value)).collect()));
    }
    let function: fn(f32) -> f32 = match op {
        "Neg" => |x| -x,
        "Abs" => f32::abs,
        "Sign" => |x| if x == 0.0 { 0.0 } else { x.signum() },
        "Floor" => f32::floor,
        "Ceil" => f32::ceil,
        "Round" => f32::round_ties_even,
        "Sqrt" => f32::sqrt,
        "Reciprocal" => f32::recip,
        "Exp" => f32::exp,
        "Log" => f32::ln,
        "Tanh" => f32::tanh,
        "Relu" => |x| x.max(0.0),
        "Sigmoid" => |x| 1.0 / (1.0 + (-x).exp()),
        "Not" => |x| f32::from(u8::from(x == 0.0)),
        _ => return None,
    };
    Some(Data::Floats(one.floats().iter().map(|value| function(*value)).collect()))
}

fn binary(op: &str, one: &Constant, other: &Constant) -> Option<(i64, Data)> {
    let truth: Option<fn(f64, f64) -> bool> = match op {
        "Equal" => Some(|a, b| a == b),
        "Greater" => Some(|a, b| a > b),
        "GreaterOrEqual" => Some(|a, b| a >= b),
        "Less" => Some(|a, b| a < b),
        "LessOrEqual" => Some(|a, b| a <= b),
        "And" => Some(|a, b| a != 0.0 && b != 0.0),
        "Or" => Some(|a, b| a != 0.0 || b != 0.0),
        _ => None,
    };
    if let Some(truth) = truth {
        let wide = |constant: &Constant| -> Vec<f64> {
            match &constant.data {
                Data::Floats(values) => values.iter().map(|value| f64::from(*value)).collect(),
                Data::Integers(values) => values.iter().map(|value| *value as f64).collect(),
            }
        };
        let held =
            wide(one).into_iter().zip(wide(other)).map(|(a, b)| f32::from(u8::from(truth(a, b))));
        return Some((9, Data::Floats(held.collect())));
    }
    if let (Data::Integers(one_values), Data::Integers(other_values)) = (&one.data, &other.data) {
        let function: fn(i64, i64) -> Option<i64> = match op {
            "Add" => i64::checked_add,
            "Sub" => i64::checked_sub,
            "Mul" => i64::checked_mul,
            "Div" => i64::checked_div,
            "Mod" => i64::checked_rem_euclid,
            "Min" => |a, b| Some(a.min(b)),
            "Max" => |a, b| Some(a.max(b)),
            _ => return None,
        };
        let values: Option<Vec<i64>> =
            one_values.iter().zip(other_values).map(|(a, b)| function(*a, *b)).collect();
        return values.map(|values| (one.kind, Data::Integers(values)));
    }
    let function: fn(f32, f32) -> f32 = match op {
        "Add" => |a, b| a + b,
        "Sub" => |a, b| a - b,
        "Mul" => |a, b| a * b,
        "Div" => |a, b| a / b,
        "Pow" => f32::powf,
        "Min" => f32::min,
        "Max" => f32::max,
        _ => return None,
    };
    let values =
        one.floats().iter().zip(other.floats().iter()).map(|(a, b)| function(*a, *b)).collect();
    Some((one.kind, Data::Floats(values)))
}

/// Least and greatest value of an integer type.
fn range(kind: i64) -> Option<(f32, f32)> {
    Some(match kind {
        2 => (0.0, 255.0),
        3 => (-128.0, 127.0),
        4 => (0.0, 65535.0),
        5 => (-32768.0, 32767.0),
        21 => (0.0, 15.0),
        22 => (-8.0, 7.0),
        _ => return None,
    })
}

/// A value for each element: one for all, one along the axis, or one each by alignment at the end.
fn along(constant: Option<&Constant>, shape: &[usize], axis: usize) -> Result<Vec<f32>, Refusal> {
    let count: usize = shape.iter().product();
    let Some(constant) = constant else { return Ok(vec![0.0; count]) };
    let values = constant.floats();
    if values.len() == 1 {
        return Ok(vec![values[0]; count]);
    }
    let inner = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    if constant.shape.len() == 1 && axis < shape.len() && shape[axis] == values.len() {
        return Ok((0..count).map(|at| values[at / inner(axis) % values.len()]).collect());
    }
    // QONNX: one scale a filter has the shape K×1×1×1.
    let apart: Vec<usize> =
        (0..constant.shape.len()).filter(|at| constant.shape[*at] != 1).collect();
    if constant.shape.len() == shape.len()
        && let [at] = apart[..]
        && shape[at] == values.len()
    {
        return Ok((0..count).map(|place| values[place / inner(at) % values.len()]).collect());
    }
    refuse(
        format!("its scales have the shape {:?}, its values {shape:?}", constant.shape),
        "one scale for all or one for each channel is read: export it quantised so",
    )
}

/// A quantiser or its reverse over constants: ONNX's pair, and those of QONNX.
pub(super) fn quantised(
    node: &Node,
    inputs: &[Option<&Constant>],
) -> Result<Option<Constant>, Refusal> {
    let Some(Some(first)) = inputs.first() else { return Ok(None) };
    let given = |at: usize| inputs.get(at).copied().flatten();
    let rank = first.shape.len();
    let at = node.int("axis", 1);
    let at = if at < 0 { at + rank as i64 } else { at };
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    if node.int("block_size", 0) != 0 {
        return refuse("it is quantised in blocks", "one scale for each channel at most is read");
    }
    let scale = along(given(1), &first.shape, at)?;
    let zero = along(given(2), &first.shape, at)?;
    let values = first.floats();
    let each = values.iter().zip(scale.iter().zip(&zero)).map(|(x, (s, z))| (*x, *s, *z));
    let (kind, data): (i64, Vec<f32>) = match node.op.as_str() {
        "DequantizeLinear" => (1, each.map(|(x, scale, zero)| (x - zero) * scale).collect()),
        "QuantizeLinear" => {
            let kind = given(2).map_or_else(|| node.int("output_dtype", 2), |zero| zero.kind);
            let Some((least, most)) = range(kind) else { return Ok(None) };
            let code = |(x, scale, zero): (f32, f32, f32)| {
                ((x / scale).round_ties_even() + zero).clamp(least, most)
            };
            (kind, each.map(code).collect())
        }
        "BipolarQuant" => (1, each.map(|(x, s, _)| if x >= 0.0 { s } else { -s }).collect()),
        _ => {
            let bits = given(3).and_then(|bits| bits.floats().first().copied()).unwrap_or(0.0);
            let rounding = node.texts.get("rounding_mode").map_or("ROUND", String::as_str);
            if !(1.0..=24.0).contains(&bits) || !rounding.eq_ignore_ascii_case("round") {
                return refuse(
                    format!("it quantises to {bits} bits with the rounding {rounding}"),
                    "1 to 24 bits and the rounding ROUND are read",
                );
            }
            let (signed, narrow) = (node.int("signed", 1) != 0, node.flag("narrow"));
            let less = if narrow { 1.0 } else { 0.0 };
            let (least, most) = match signed {
                true => (less - (bits - 1.0).exp2(), (bits - 1.0).exp2() - 1.0),
                false => (0.0, bits.exp2() - 1.0 - less),
            };
            let value = |(x, scale, zero): (f32, f32, f32)| {
                ((x / scale + zero).clamp(least, most).round_ties_even() - zero) * scale
            };
            (1, each.map(value).collect())
        }
    };
    Ok(Some(Constant {
        name: first.name.clone(),
        kind,
        shape: first.shape.clone(),
        data: Data::Floats(data),
    }))
}
