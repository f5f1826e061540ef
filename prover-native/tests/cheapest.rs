//! The width of limbs is the one that makes proofs about a batch of that size cheapest.

use vouch::{ErrorKind, LIMB_BITS, compile_cheapest};
use vouch_circuit::Objective;
use vouch_compiler::Compiled;
use vouch_proving::{ProvingError, plan};

use crate::shipped::{ALLOCATION, FORECAST, onnx, options};

fn weight(compiled: &Compiled, batch: u32) -> f64 {
    let plan = plan(&compiled.program, batch, Objective::default(), None).unwrap();
    plan.estimate.weight(Objective::default(), batch)
}

#[test]
fn widths_follow_the_batch() {
    for model in [FORECAST, ALLOCATION] {
        let onnx = onnx(model);
        // Without demands on single outputs, which only the widest limbs meet.
        let mut options = options(FORECAST);
        options.given = None;
        let compile =
            |widths: &[u8], batch| compile_cheapest(&onnx, &options, widths, batch, Objective::default()).unwrap();
        let chosen = [1, 16].map(|batch| (batch, compile(&LIMB_BITS, batch)));
        for (batch, own) in &chosen {
            let configuration = &own.report.configuration;
            assert_eq!((configuration.batch, u32::from(configuration.limb_bits)), (*batch, own.program.limb_bits()));
            assert!(own.report.accuracy.excess() <= 1.0);
            for width in LIMB_BITS {
                let other = compile(&[width], *batch);
                let acceptable = other.report.accuracy.excess() <= 1.0;
                assert!(!acceptable || weight(own, *batch) <= weight(&other, *batch), "{model}: {width} for {batch}");
            }
        }
        let [(_, one), (_, many)] = chosen;
        assert!(many.program.limb_bits() > one.program.limb_bits(), "{model}");
        assert!(weight(&one, 1) < weight(&many, 1) && weight(&many, 16) < weight(&one, 16), "{model}");
        // What is compiled is a program of one input.
        assert_eq!(one.program.input_len(), many.program.input_len());
    }
}

#[test]
fn batches_that_cannot_be() {
    let (onnx, options) = (onnx(FORECAST), options(FORECAST));
    for batch in [0, u32::MAX] {
        let refused = compile_cheapest(&onnx, &options, &LIMB_BITS, batch, Objective::default()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Model, "{refused}");
        assert!(matches!(refused.get_ref().unwrap().downcast_ref(), Some(ProvingError::Program(_))), "{refused}");
    }
}
