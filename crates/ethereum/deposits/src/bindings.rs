/// The contract, and a token as its users see it: generated from `contracts/abi`, which `npm test` keeps up to date.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod contract {
    use alloy_sol_types::sol;

    sol!(
        #[sol(all_derives)]
        VouchDeposit,
        "../../../contracts/abi/VouchDeposit.json"
    );

    sol!(
        #[sol(all_derives)]
        ERC20Permit,
        "../../../contracts/abi/ERC20Permit.json"
    );
}
