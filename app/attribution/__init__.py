"""Why a customer is credited to a partner: evidence, rules, bindings, promotions, attribution by hand."""
