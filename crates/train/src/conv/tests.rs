//! Is the product what it says, on every engine?

use super::*;

/// Every tile height, both widths, both row strides, whole and partial columns.
#[test]
fn engines_agree_with_the_definition() {
    let value = |index: usize| ((index * 7919) % 31) as f32 / 8.0 - 2.0;
    let a: Vec<f32> = (0..4000).map(value).collect();
    let b: Vec<f32> = (0..4000).map(|index| value(index + 5)).collect();
    for engine in Engine::available() {
        for rows in (1..30).chain([48, 60, 97]) {
            for (columns, a_row) in [(16, 1), (16, 3), (5, 1), (32, 4), (32, 1), (20, 2)] {
                if columns > engine.block(columns) {
                    continue;
                }
                for accumulate in [false, true] {
                    let mut c = vec![0.5; rows * 40];
                    let (inner, outer) = (5, 3);
                    let product = Product {
                        a: &a,
                        a_row,
                        a_inner: 2,
                        a_outer: 11,
                        b: &b,
                        b_inner: 40,
                        b_outer: 300,
                        c: &mut c,
                        c_row: 40,
                        rows,
                        columns,
                        inner,
                        outer,
                        accumulate,
                    };
                    product.run(engine);
                    for (place, found) in c.iter().enumerate() {
                        let (i, n) = (place / 40, place % 40);
                        let mut sum = if accumulate { 0.5 } else { 0.0 };
                        for (o, l) in (0..outer).flat_map(|o| (0..inner).map(move |l| (o, l))) {
                            let x = a[o * 11 + l * 2 + i * a_row];
                            sum += x * b[o * 300 + l * 40 + n];
                        }
                        // Small multiples of 1/64 are exact, so all orders agree.
                        let expected = if n < columns { sum } else { 0.5 };
                        assert_eq!(*found, expected, "{engine:?} {rows} {columns} {a_row}");
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "B is too short")]
fn a_short_operand_is_found_before_it_is_read() {
    let product = Product {
        a: &[1.0; 4],
        a_row: 1,
        a_inner: 1,
        a_outer: 0,
        b: &[1.0; 17],
        b_inner: 16,
        b_outer: 0,
        c: &mut [0.0; 16],
        c_row: 16,
        rows: 1,
        columns: 16,
        inner: 2,
        outer: 1,
        accumulate: false,
    };
    product.run(Engine::detect());
}
