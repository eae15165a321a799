//! The wire format of protocol buffers: fields of one message, by number.
//!
//! Format: developers.google.com/protocol-buffers, "Encoding". Lengths are checked against the
//! bytes present, and nothing is allocated for them.

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    /// Integers, booleans, enums.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Text, bytes, packed arrays, messages.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32(u32),
}

impl<'a> Field<'a> {
    /// A nested message or packed array.
    pub(super) fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(format!("expected bytes, found {other:?}")),
        }
    }

    /// A text.
    pub(super) fn text(self) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a name is no UTF-8 text".to_owned())
    }

    /// A signed integer.
    pub(super) fn integer(self) -> Result<i64, String> {
        match self {
            Self::Varint(value) => Ok(value as i64),
            other => Err(format!("expected an integer, found {other:?}")),
        }
    }

    /// A float.
    pub(super) fn float(self) -> Result<f32, String> {
        match self {
            Self::Fixed32(bits) => Ok(f32::from_bits(bits)),
            other => Err(format!("expected a float, found {other:?}")),
        }
    }
}

/// Walks the fields of a message.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        if length > self.0.len() {
            return Err("the file is cut off".to_owned());
        }
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(taken)
    }

    /// Base-128, least significant group first, at most ten bytes.
    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for group in 0..10 {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f).checked_shl(7 * group).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("an integer has more than ten bytes".to_owned())
    }

    fn read(&mut self) -> Result<(u64, Field<'a>), String> {
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(
                self.take(8)?.try_into().map_err(|_| "the file is cut off")?,
            )),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| "a length is too large")?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(
                self.take(4)?.try_into().map_err(|_| "the file is cut off")?,
            )),
            kind => return Err(format!("unknown wire type {kind}")),
        };
        Ok((key >> 3, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.0 = &[];
        }
        Some(read)
    }
}

/// The integers of a repeated field, packed or one by one.
pub(super) fn integers(field: Field<'_>, into: &mut Vec<i64>) -> Result<(), String> {
    match field {
        Field::Bytes(bytes) => {
            let mut fields = Fields(bytes);
            while !fields.0.is_empty() {
                into.push(fields.varint()? as i64);
            }
        }
        other => into.push(other.integer()?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_kind_are_read() {
        // 150 as field 1, "ab" as field 2, 1.0f32 as field 3, 7 as a fixed64 field 4.
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 2, b'a', b'b', 0x1d, 0, 0, 0x80, 0x3f, 0x21, 7, 0, 0, 0, 0, 0,
            0, 0,
        ];
        let read: Vec<_> = Fields::of(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(
            read,
            [
                (1, Field::Varint(150)),
                (2, Field::Bytes(b"ab")),
                (3, Field::Fixed32(0x3f80_0000)),
                (4, Field::Fixed64(7)),
            ]
        );
        let mut packed = Vec::new();
        integers(Field::Bytes(&[3, 0x8e, 0x02]), &mut packed).unwrap();
        assert_eq!(packed, [3, 270]);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for bytes in [&[0x08][..], &[0x12, 5, 1], &[0x0f], &[0xff; 11], &[0x1d, 0], &[0x12, 0xff]] {
            assert!(Fields::of(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
    }
}
