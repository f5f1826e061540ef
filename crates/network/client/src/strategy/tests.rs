use super::*;
use std::fs;
use std::path::Path;
use vouch_envelope::{ProofChain, ProofEnvelope, PublicValues};
use vouch_schema::Visibility;

fn file(name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn market() -> Market {
    serde_json::from_value(file("restaking-allocation/market.json")).unwrap()
}

/// A shipped model, with a scale of 16 for all tensors and sizes that the market data has.
fn shipped(name: &str, byte: u8, size: &dyn Fn(&str) -> usize) -> StrategyModel {
    let schema = file(&format!("{name}/{name}.schema.json"));
    let section = |section: &str| {
        let tensors = schema[section].as_array().unwrap().iter().map(|tensor| {
            let name = tensor["name"].as_str().unwrap().to_owned();
            let bound = |key: &str, other: f64| (tensor[key].as_f64().unwrap_or(other) * 16.0) as i64;
            TensorSpec {
                shape: vec![1, size(&name) as u32],
                unit: tensor["unit"].as_str().unwrap_or_default().to_owned(),
                scale: 16.0,
                min: bound("min", -1e6),
                max: bound("max", 1e6),
                visibility: Visibility::Public,
                name,
            }
        });
        tensors.collect()
    };
    let schema = Schema { inputs: section("inputs"), outputs: section("outputs") };
    StrategyModel { name: name.to_owned(), id: ModelId([byte; 32]), schema }
}

fn models() -> (StrategyModel, StrategyModel) {
    let market = market();
    let tokens = market.tokens.len();
    let forecast = |name: &str| market.tokens[0].forecast.get(name).map_or(1, Vec::len);
    let single = ["horizon_days", "risk", "expected_yield"];
    let allocation = |name: &str| if single.contains(&name) { 1 } else { tokens };
    (shipped("staking-lstm", 1, &forecast), shipped("restaking-allocation", 2, &allocation))
}

fn tensors() -> StrategyTensors {
    let name = |name: &str| name.to_owned();
    let (output, input) = (name("redemption_hours"), name("redemption_hours"));
    StrategyTensors { output, input, horizon: name("horizon_days"), risk: name("risk") }
}

fn strategy() -> Strategy {
    let (forecast, allocation) = models();
    Strategy::new(tensors(), forecast, allocation).unwrap()
}

const PREFERENCES: Preferences = Preferences { horizon: 30.0, risk: 0.5 };

#[test]
fn the_shipped_models_are_linked() {
    let strategy = strategy();
    let tokens = market().tokens.len();
    assert_eq!((strategy.tokens(), strategy.plan().tokens), (tokens, tokens as u64));
    assert_eq!((strategy.plan().forecast, strategy.plan().allocation), (ModelId([1; 32]), ModelId([2; 32])));
    let start = models().1.schema.public_range(Section::Inputs, "redemption_hours").unwrap().start;
    assert!(start > 0);
    for (i, link) in strategy.plan().links.iter().enumerate() {
        let from = ValueRef { proof: i as u32, start: 0 };
        let to = ValueRef { proof: tokens as u32, start: (start + i) as u32 };
        assert_eq!(*link, Link { from, to, len: 1 });
    }
    assert_eq!(strategy.forecast_tensor().name, "redemption_hours");
    assert_eq!(strategy.preference_tensors().map(|tensor| tensor.name.as_str()), ["horizon_days", "risk"]);
}

#[test]
fn inputs_follow_from_market_data_and_preferences() {
    let (strategy, market) = (strategy(), market());
    let tokens = strategy.tokens();
    let forecasts = strategy.forecast_inputs(&market).unwrap();
    let (first, token) = (&models().0.schema.inputs[0], &market.tokens[1]);
    let own: Vec<i64> = token.forecast[&first.name].iter().map(|value| (value * 16.0).round() as i64).collect();
    assert_eq!(forecasts[1][..own.len()], own);
    let open = strategy.open_allocation(&market, PREFERENCES).unwrap();
    // Where forecasts will be, there is the smallest value.
    let schema = models().1.schema;
    let at = |name: &str| schema.public_range(Section::Inputs, name).unwrap();
    let linked = at("redemption_hours");
    assert!(
        open[linked.clone()]
            .iter()
            .all(|&value| value == schema.named(Section::Inputs, "redemption_hours").unwrap().min)
    );
    assert_eq!((&open[at("horizon_days")], &open[at("risk")]), (&[480][..], &[8][..]));
    let yields = market.tokens.iter().map(|token| (token.allocation["yield_pct"] * 16.0).round() as i64);
    assert_eq!(open[at("yield_pct")], yields.collect::<Vec<_>>());
    // Proved forecasts are taken over as they are, and the rest stays.
    let proved: Vec<i64> = (0..tokens as i64).map(|i| 100 + i).collect();
    let inputs = strategy.allocation_inputs(&market, PREFERENCES, &proved).unwrap();
    assert_eq!(inputs[linked.clone()], proved);
    assert_eq!(strategy.unlinked(&inputs), strategy.unlinked(&open));
    assert_eq!(strategy.unlinked(&inputs).len(), inputs.len() - tokens);
}

/// The expectations of a client are what a validator links: the same inputs, computed once.
#[test]
fn a_client_expects_what_the_validator_links() {
    let (strategy, market) = (strategy(), market());
    let tokens = strategy.tokens();
    let nonces: Vec<_> = (0..=tokens).map(|i| Some(Nonce([i as u8; 32]))).collect();
    let expected = strategy.expected(&market, PREFERENCES, &nonces).unwrap();
    assert_eq!(expected.links, strategy.plan().links);
    let mut inputs = strategy.forecast_inputs(&market).unwrap();
    let proved = vec![100; tokens];
    inputs.push(strategy.unlinked(&strategy.allocation_inputs(&market, PREFERENCES, &proved).unwrap()));
    assert_eq!(expected.steps.len(), tokens + 1);
    for (i, (step, inputs)) in expected.steps.into_iter().zip(inputs).enumerate() {
        let model_id = Some(ModelId([if i < tokens { 1 } else { 2 }; 32]));
        assert_eq!(step, Expected { model_id, nonce: nonces[i], inputs: Some(inputs), ..Expected::default() });
    }
}

#[test]
fn the_file_of_what_is_expected_stays_as_it_is() {
    let tensor = |name: &str, size: u32| TensorSpec {
        name: name.to_owned(),
        shape: vec![1, size],
        unit: "h".into(),
        scale: 1.0,
        min: 0,
        max: 100,
        visibility: Visibility::Public,
    };
    let model = |byte, inputs, outputs| StrategyModel {
        name: format!("m{byte}"),
        id: ModelId([byte; 32]),
        schema: Schema { inputs, outputs },
    };
    let forecast = model(1, vec![tensor("x", 2)], vec![tensor("hours", 1)]);
    let inputs = vec![tensor("horizon", 1), tensor("hours", 1), tensor("pays", 1), tensor("risk", 1)];
    let allocation = model(2, inputs, vec![tensor("shares", 1), tensor("yield", 1)]);
    let name = |name: &str| name.to_owned();
    let tensors =
        StrategyTensors { output: name("hours"), input: name("hours"), horizon: name("horizon"), risk: name("risk") };
    let strategy = Strategy::new(tensors, forecast, allocation).unwrap();
    let market = r#"{"source":"s","as_of":"now","simulated":true,"tokens":[{"name":"a","forecast":{"x":[3,4]},"allocation":{"pays":5}}]}"#;
    let market: Market = serde_json::from_str(market).unwrap();
    let preferences = Preferences { horizon: 7.0, risk: 1.0 };
    let expected = strategy.expected(&market, preferences, &[Some(Nonce([9; 32])), None]).unwrap();
    let (one, two, nine) = ("01".repeat(32), "02".repeat(32), "09".repeat(32));
    let text = format!(
        r#"{{"steps":[{{"model_id":"{one}","nonce":"{nine}","inputs":["3","4"],"allow_development_srs":false}},{{"model_id":"{two}","inputs":["7","5","1"],"allow_development_srs":false}}],"links":[{{"from":{{"proof":0,"start":0}},"to":{{"proof":1,"start":1}},"len":1}}]}}"#
    );
    assert_eq!(serde_json::to_string(&expected).unwrap(), text);
    // One token: the shares have one value, and so has the yield.
    let proof = |byte, inputs: &[i64], outputs: &[i64]| ProofEnvelope {
        model_id: ModelId([byte; 32]),
        nonce: Nonce([0; 32]),
        public: PublicValues { inputs: inputs.to_vec(), outputs: outputs.to_vec(), ..PublicValues::default() },
        proof: vec![0],
    };
    let proofs = vec![proof(1, &[3, 4], &[50]), proof(2, &[7, 50, 5, 1], &[1, 6])];
    let values = strategy.values(&ProofChain::new(proofs, expected.links).unwrap()).unwrap();
    assert_eq!((values.forecasts, values.shares, values.expected_yield), (vec![50.0], vec![1.0], 6.0));
    assert_eq!(values.unit, "h");
    assert_eq!((&values.inputs["hours"], &values.inputs["pays"]), (&vec![50.0], &vec![5.0]));
    let short = vec![proof(1, &[3, 4], &[50]), proof(2, &[7, 50, 5], &[1, 6])];
    assert_eq!(strategy.values(&ProofChain::new(short, Vec::new()).unwrap()), None);
}

#[test]
fn models_that_do_not_fit_are_refused() {
    type Change = fn(&mut StrategyTensors, &mut StrategyModel, &mut StrategyModel);
    let refused = |change: Change| {
        let (mut tensors, (mut forecast, mut allocation)) = (tensors(), models());
        change(&mut tensors, &mut forecast, &mut allocation);
        Strategy::new(tensors, forecast, allocation).unwrap_err()
    };
    let missing = refused(|tensors, _, _| tensors.output = "no".into());
    assert_eq!(missing.to_string(), "strategy: model staking-lstm has no public tensor `no` in its outputs");
    assert!(missing.sentence().starts_with("The model staking-lstm has no public output"), "{}", missing.sentence());
    let hidden = refused(|_, _, allocation| allocation.schema.inputs[0].visibility = Visibility::Hashed);
    assert!(matches!(hidden, StrategyError::Tensor { section: Section::Inputs, .. }));
    let two = refused(|tensors, _, _| tensors.horizon = "yield_pct".into());
    assert_eq!(two.sentence(), "yield_pct of the model restaking-allocation is not one value.");
    let unfit = "The validator's plan does not fit the verifying keys.";
    let many = refused(|_, forecast, _| forecast.schema.outputs[0].shape = vec![2]);
    assert!(matches!(many, StrategyError::Values { section: Section::Outputs, expected: 1, got: 2, .. }));
    let scale = refused(|_, forecast, _| forecast.schema.outputs[0].scale = 8.0);
    assert_eq!(scale, StrategyError::Scale { output: 8.0, input: 16.0 });
    let unit = refused(|_, forecast, _| forecast.schema.outputs[0].unit = "d".into());
    assert_eq!(unit, StrategyError::Unit { output: "d".into(), input: "h".into() });
    let other = refused(|_, _, allocation| allocation.schema.inputs[0].shape = vec![2]);
    assert!(matches!(other, StrategyError::Values { got: 2, .. }));
    let none = refused(|_, _, allocation| {
        allocation.schema.inputs.iter_mut().for_each(|input| input.shape = vec![1, 64]);
    });
    assert_eq!(none, StrategyError::Tokens { limit: 63, got: 64 });
    for error in [many, scale, unit, other, none] {
        assert_eq!(error.sentence(), unfit);
    }
}

#[test]
fn a_plan_is_the_one_of_the_keys() {
    let plan = strategy().plan().clone();
    let of = |plan: &StrategyPlan| {
        let (forecast, allocation) = models();
        Strategy::of_plan(plan, forecast, allocation)
    };
    assert_eq!(of(&plan), Ok(strategy()));
    let changes: [fn(&mut StrategyPlan); 5] = [
        |plan| plan.tokens += 1,
        |plan| plan.links.swap(0, 1),
        |plan| _ = plan.links.pop(),
        |plan| plan.links[0].to.start += 1,
        |plan| plan.forecast = ModelId([9; 32]),
    ];
    for change in changes {
        let mut plan = plan.clone();
        change(&mut plan);
        assert_eq!(of(&plan), Err(StrategyError::Plan));
    }
}

#[test]
fn market_data_of_other_models_is_refused() {
    let strategy = strategy();
    let refused = |change: &dyn Fn(&mut Market), preferences: Preferences| {
        let mut market = market();
        change(&mut market);
        let nonces = vec![None; strategy.tokens() + 1];
        strategy.expected(&market, preferences, &nonces).unwrap_err()
    };
    let said = |change: &dyn Fn(&mut Market)| refused(change, PREFERENCES).sentence();
    let tokens = "The strategy is of another number of tokens than the model.";
    assert_eq!(said(&|market| drop(market.tokens.pop())), tokens);
    assert_eq!(strategy.expected(&market(), PREFERENCES, &[]).unwrap_err().sentence(), tokens);
    let name = market().tokens[1].name.clone();
    let forecast = said(&|market| drop(market.tokens[1].forecast.remove("sweep_hours")));
    assert_eq!(forecast, format!("The market data has no usable sweep_hours of {name}."));
    let range = said(&|market| market.tokens[1].forecast.get_mut("sweep_hours").unwrap()[2] = 1e9);
    assert_eq!(range, forecast);
    let extra = said(&|market| drop(market.tokens[1].forecast.insert("volume".into(), vec![1.0])));
    assert_eq!(extra, format!("The market data has values of {name} that the models have no inputs for."));
    let missing = said(&|market| _ = market.tokens[0].allocation.remove("yield_pct"));
    assert_eq!(missing, "The market data has no usable yield_pct of the allocation.");
    assert_eq!(said(&|market| _ = market.tokens[0].allocation.insert("yield_pct".into(), f64::NAN)), missing);
    let more = said(&|market| _ = market.tokens[1].allocation.insert("volume".into(), 1.0));
    assert_eq!(more, extra);
    let horizon = refused(&|_| (), Preferences { horizon: -1.0, ..PREFERENCES });
    assert_eq!(horizon.sentence(), "The market data has no usable horizon_days of the allocation.");
}

#[test]
fn forecasts_beyond_the_allocations_range_are_refused() {
    let (strategy, market) = (strategy(), market());
    let max = strategy.allocation.schema.named(Section::Inputs, "redemption_hours").unwrap().max;
    let of = |last: i64| {
        let mut forecasts = vec![0; strategy.tokens()];
        *forecasts.last_mut().unwrap() = last;
        strategy.allocation_inputs(&market, PREFERENCES, &forecasts)
    };
    assert!(of(max).is_ok());
    let beyond = of(max + 1).unwrap_err();
    assert!(beyond.to_string().contains(&format!("`redemption_hours`: {} is not from", max + 1)), "{beyond}");
    let few = strategy.allocation_inputs(&market, PREFERENCES, &[0]).unwrap_err();
    assert_eq!(few, StrategyRefusal::Tokens { expected: strategy.tokens(), got: 1 });
    assert_eq!((strategy.forecast_of(&[7, 8]), strategy.forecast_of(&[])), (Some(7), None));
}

#[test]
fn proofs_and_market_data_are_named() {
    assert_eq!(
        (proof_name(&["Alder"], 0).as_str(), proof_name(&["Alder"], 1).as_str()),
        ("Forecast for Alder", "Allocation")
    );
    let mut market = market();
    assert!(provenance(&market).starts_with("The market data is simulated: "));
    market.simulated = false;
    assert_eq!(provenance(&market), format!("The market data is not proved: {}, {}.", market.source, market.as_of));
}
