//! The random numbers that the transcript draws, each a type of its own: one cannot stand for another, and code that takes
//! one cannot run before it is drawn.

use crate::bn254::Fr;

/// A number drawn from the transcript.
pub(crate) trait Challenge {
    /// Its name in `tests/transcript.inventory`.
    const NAME: &'static str;

    fn of(scalar: Fr) -> Self;
}

macro_rules! challenges {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub(crate) Fr);

        impl Challenge for $name {
            const NAME: &'static str = $text;

            fn of(scalar: Fr) -> Self {
                Self(scalar)
            }
        }
    )*};
}

challenges! {
    /// A challenge of the circuit, drawn after a phase of advice columns.
    CircuitChallenge = "challenge of the circuit";
    /// Compresses the columns of halo2's lookup arguments.
    Theta = "theta of lookup arguments";
    /// Multiplies the identities of cells in the permutation argument.
    Beta = "beta of the permutation";
    /// Shifts the factors of the permutation argument.
    Gamma = "gamma of the permutation";
    /// Combines the identities of the circuit.
    Y = "y of the vanishing argument";
    /// The point at which all polynomials are opened.
    X = "x, the point of evaluation";
    /// Combines the polynomials that are opened at the same points.
    PolynomialFactor = "y of the multi-opening";
    /// Combines the sets of points.
    SetFactor = "v of the multi-opening";
    /// The point at which the combination of the multi-opening is opened.
    OpeningPoint = "u of the multi-opening";
    /// Combines the lanes of private weights.
    LaneFactor = "gamma of private weights";
    /// The verifier's message in the proof of a representation.
    SchnorrChallenge = "e of private weights";
    /// Adds the equation of private weights to the pairing's.
    EquationFactor = "factor of the equation of private weights";
}
