//! Factors of loop bounds.

/// Prime factors in ascending order, each as often as it divides.
pub(super) fn primes(mut value: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut prime = 2;
    while prime * prime <= value {
        while value.is_multiple_of(prime) {
            found.push(prime);
            value /= prime;
        }
        prime += 1;
    }
    if value > 1 {
        found.push(value);
    }
    found
}

/// Every way to write `size` as a product over the places: `fixed` places keep their factor,
/// the others take any divisor up to `limits`. In lexicographic order; at most `most`.
pub(super) fn splits(
    size: u64,
    fixed: &[Option<u64>],
    limits: &[u64],
    most: usize,
) -> Option<Vec<Vec<u64>>> {
    let rest = fixed.iter().flatten().try_fold(size, |rest, factor| {
        (*factor > 0 && rest.is_multiple_of(*factor)).then(|| rest / factor)
    })?;
    let free: Vec<usize> = (0..fixed.len()).filter(|place| fixed[*place].is_none()).collect();
    let start: Vec<u64> = fixed.iter().map(|factor| factor.unwrap_or(1)).collect();
    let mut found = Vec::new();
    let complete = divide(rest, &free, limits, &mut start.clone(), &mut found, most);
    complete.then_some(found)
}

fn divide(
    rest: u64,
    free: &[usize],
    limits: &[u64],
    split: &mut Vec<u64>,
    found: &mut Vec<Vec<u64>>,
    most: usize,
) -> bool {
    let Some((place, others)) = free.split_first() else {
        if rest == 1 {
            found.push(split.clone());
        }
        return found.len() <= most;
    };
    if others.is_empty() {
        if rest <= limits[*place] {
            split[*place] = rest;
            found.push(split.clone());
            split[*place] = 1;
        }
        return found.len() <= most;
    }
    for factor in divisors(rest) {
        if factor > limits[*place] {
            break;
        }
        split[*place] = factor;
        if !divide(rest / factor, others, limits, split, found, most) {
            return false;
        }
    }
    split[*place] = 1;
    true
}

/// Divisors in ascending order.
pub(super) fn divisors(value: u64) -> Vec<u64> {
    let mut found = vec![1];
    let mut last = (0, 0);
    for prime in primes(value) {
        // Of an equal prime only what the one before added is multiplied again.
        let from = if last.0 == prime { last.1 } else { 0 };
        last = (prime, found.len());
        let more: Vec<u64> = found[from..].iter().map(|own| own * prime).collect();
        found.extend(more);
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisors_and_primes_are_complete() {
        for value in 1..=400_u64 {
            let plain: Vec<u64> = (1..=value).filter(|own| value % own == 0).collect();
            assert_eq!(divisors(value), plain);
            assert_eq!(primes(value).iter().product::<u64>(), value);
        }
    }

    #[test]
    fn splits_are_all_ordered_products() {
        // 12 over three places: C(4, 2) ways for 2·2 times C(3, 2) for 3 = 18.
        let free = [None; 3];
        assert_eq!(splits(12, &free, &[u64::MAX; 3], 100).unwrap().len(), 18);
        let kept = splits(12, &[None, Some(3), None], &[2, 9, 9], 100).unwrap();
        assert_eq!(kept, [[1, 3, 4], [2, 3, 2]]);
        assert_eq!(splits(12, &[Some(5), None], &[9, 9], 100), None);
        assert_eq!(splits(12, &[Some(3)], &[9], 100), Some(vec![]));
        assert_eq!(splits(1 << 20, &free, &[u64::MAX; 3], 100), None);
    }
}
