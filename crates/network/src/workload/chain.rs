//! Follows activation shapes from node to node.

use super::network::MapShape;

/// Shape after pooling, or why it cannot be.
pub(super) fn pooled(
    input: MapShape,
    kernel: u64,
    stride: u64,
    padding: u64,
) -> Result<MapShape, String> {
    let size = |size: u64, axis: &str| {
        let padded = size + 2 * padding;
        if padded < kernel {
            return Err(format!(
                "the pooling window of {kernel} exceeds the padded {axis} {padded}"
            ));
        }
        Ok((padded - kernel) / stride + 1)
    };
    Ok(MapShape {
        height: size(input.height, "height")?,
        width: size(input.width, "width")?,
        ..input
    })
}

/// Shape of a sum, or why the two maps cannot be added.
///
/// The second map may be a whole multiple larger and have fewer channels: the parameter-free
/// shortcut reads every s-th pixel and pads channels with zeros.
pub(super) fn added(first: MapShape, second: MapShape) -> Result<MapShape, String> {
    let same_map = first.height == second.height && first.width == second.width;
    if first == second {
        return Ok(first);
    }
    let stride = second.height.div_ceil(first.height);
    let subsampled = stride > 0
        && second.height.div_ceil(stride) == first.height
        && second.width.div_ceil(stride) == first.width;
    if first.batch == second.batch && (same_map || subsampled) && second.channels <= first.channels
    {
        return Ok(first);
    }
    Err(format!("{first} and {second} cannot be added"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(channels: u64, size: u64) -> MapShape {
        MapShape { batch: 1, channels, height: size, width: size }
    }

    #[test]
    fn pooling_shrinks_by_the_stride() {
        assert_eq!(pooled(map(64, 112), 3, 2, 1), Ok(map(64, 56)));
        assert!(pooled(map(64, 2), 3, 2, 0).is_err());
    }

    #[test]
    fn only_the_shortcut_may_be_larger() {
        assert_eq!(added(map(32, 16), map(16, 32)), Ok(map(32, 16)));
        assert!(added(map(16, 32), map(32, 16)).is_err());
        assert!(added(map(16, 32), map(16, 31)).is_err());
    }
}
