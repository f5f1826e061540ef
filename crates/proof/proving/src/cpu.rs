//! What the machine must be able to do.

use crate::ProvingError;

/// Checks that the processor has the instructions that field arithmetic was compiled for (on x86-64: BMI2 and ADX, in Intel's processors since
/// Broadwell, 2014, and AMD's since Zen, 2017).
///
/// # Errors
/// [`ProvingError::Processor`] if it has not: without the check the process would end with an illegal instruction.
pub fn check() -> Result<(), ProvingError> {
    #[cfg(target_arch = "x86_64")]
    if !(std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("adx")) {
        return Err(ProvingError::Processor { missing: "BMI2 and ADX" });
    }
    Ok(())
}
