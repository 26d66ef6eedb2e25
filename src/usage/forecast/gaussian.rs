//! The linear algebra of a few hundred jointly normal figures.

/// The lower triangle of a symmetric matrix or of its factor, row by row.
#[derive(Clone, Debug)]
pub struct Triangle {
    size: usize,
    cells: Vec<f64>,
}

impl Triangle {
    /// The matrix whose cells `of` says, for columns up to the row.
    pub fn new(size: usize, of: impl Fn(usize, usize) -> f64) -> Self {
        let rows = (0..size).flat_map(|row| (0..=row).map(move |column| (row, column)));
        Triangle { size, cells: rows.map(|(row, column)| of(row, column)).collect() }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * (row + 1) / 2..][..row + 1]
    }

    /// Its Cholesky factor; `None` if it is not positive definite.
    pub fn factor(mut self) -> Option<Triangle> {
        for row in 0..self.size {
            let start = row * (row + 1) / 2;
            let (above, rest) = self.cells.split_at_mut(start);
            let own = &mut rest[..row + 1];
            for column in 0..=row {
                let other_start = column * (column + 1) / 2;
                let inner: f64 = if column < row {
                    let other = &above[other_start..other_start + column];
                    own[..column].iter().zip(other).map(|(a, b)| a * b).sum()
                } else {
                    own[..column].iter().map(|a| a * a).sum()
                };
                let left = own[column] - inner;
                own[column] = if column < row {
                    left / above[other_start + column]
                } else if left > 0.0 {
                    libm::sqrt(left)
                } else {
                    return None;
                };
            }
        }
        Some(self)
    }

    /// As the factor L of a matrix: L⁻¹ b.
    pub fn solve(&self, mut b: Vec<f64>) -> Vec<f64> {
        for row in 0..self.size {
            let cells = self.row(row);
            let inner: f64 = cells[..row].iter().zip(&b).map(|(a, b)| a * b).sum();
            b[row] = (b[row] - inner) / cells[row];
        }
        b
    }

    /// As the factor of a matrix: half the logarithm of that one's determinant.
    pub fn half_log_determinant(&self) -> f64 {
        (0..self.size).map(|row| libm::log(self.row(row)[row])).sum()
    }

    /// As a factor: the cell of L Lᵀ.
    pub fn product(&self, a: usize, b: usize) -> f64 {
        dot(self.row(a), self.row(b))
    }

    /// As a factor: L z.
    pub fn times(&self, z: &[f64]) -> Vec<f64> {
        (0..self.size).map(|row| self.row(row).iter().zip(z).map(|(a, b)| a * b).sum()).collect()
    }
}

/// The inner product.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_solves_its_matrix() {
        // [[4, 2], [2, 5]] = L Lᵀ with L = [[2, 0], [1, 2]]; its determinant is 16.
        let factor = Triangle::new(2, |row, column| [[4.0, 2.0], [2.0, 5.0]][row][column]).factor().unwrap();
        assert_eq!(factor.solve(vec![2.0, 5.0]), vec![1.0, 2.0]);
        assert_eq!(factor.times(&[1.0, 2.0]), vec![2.0, 5.0]);
        assert!((factor.half_log_determinant() - 4.0_f64.ln()).abs() < 1e-15);
        assert!(Triangle::new(2, |row, column| [[1.0, 2.0], [2.0, 1.0]][row][column]).factor().is_none());
    }
}
