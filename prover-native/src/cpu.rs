//! What the machine must be able to do.

use crate::ProverError;

/// Checks that the processor has the instructions that field arithmetic was compiled for (on x86-64: BMI2 and ADX, in Intel's processors since
/// Broadwell, 2014, and AMD's since Zen, 2017).
///
/// # Errors
/// [`ProverError::Processor`] if it has not: without the check the process would end with an illegal instruction.
pub fn check() -> Result<(), ProverError> {
    #[cfg(target_arch = "x86_64")]
    if !(std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("adx")) {
        return Err(ProverError::Processor { missing: "BMI2 and ADX" });
    }
    Ok(())
}
