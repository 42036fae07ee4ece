//! Triad: the sum of McCalpin's STREAM (1995), <https://www.cs.virginia.edu/stream/>, `a = b + scale * c`.
#![allow(unsafe_code)]

/// Computes `a[i] = b[i] + scale * c[i]`. Moves 24 bytes an element, as STREAM counts, without the caches' extra reads.
///
/// # Panics
/// When the lengths differ.
pub fn triad(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    assert!(a.len() == b.len() && b.len() == c.len(), "triad over {}, {}, {}", a.len(), b.len(), c.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: this CPU has AVX-512 F, as the condition checked.
            return unsafe { triad_avx512(a, b, c, scale) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: this CPU has AVX2, as the condition checked.
            return unsafe { triad_avx2(a, b, c, scale) };
        }
    }
    triad_body(a, b, c, scale);
}

/// Bytes that triad moves for this many elements.
pub fn triad_bytes(elements: u64) -> u64 {
    elements * 3 * size_of::<f64>() as u64
}

/// The loop, vectorised by the compiler for the CPU that the caller is compiled for.
#[inline(always)]
fn triad_body(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    for (a, (b, c)) in a.iter_mut().zip(b.iter().zip(c)) {
        *a = b + scale * c;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn triad_avx512(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    triad_body(a, b, c, scale);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn triad_avx2(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    triad_body(a, b, c, scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triad_computes_its_formula() {
        let b: Vec<f64> = (0..1001u16).map(f64::from).collect();
        let c: Vec<f64> = b.iter().map(|x| x * 0.5).collect();
        let mut a = vec![0.0; b.len()];
        triad(&mut a, &b, &c, 3.0);
        assert!(a.iter().zip(&b).all(|(a, b)| *a == 2.5 * b));
        assert_eq!(triad_bytes(1001), 24_024);
    }
}
