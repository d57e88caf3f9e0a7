// The base classes of all passes: each says how much of the numbers it keeps, as data that C++ can ask for (NumericClass.h).
#ifndef TENSEL_PASSES_NUMERICPASS_TD
#define TENSEL_PASSES_NUMERICPASS_TD

include "mlir/Pass/PassBase.td"

class NumericPass<string numericClass, string argument, string operation>
    : PassBase<argument, "::tensel::NumericPass<::tensel::NumericClass::" # numericClass # !if(!empty(operation), "", ", " # operation) # ">">;

/// Every value keeps its bits.
class ExactPass<string argument, string operation = ""> : NumericPass<"Exact", argument, operation>;
/// Sums are taken in another order, functions by another formula: the same up to a bound that follows from the ops.
class ReassociatingPass<string argument, string operation = ""> : NumericPass<"Reassociates", argument, operation>;
/// Rounds or drops something on purpose.
class LossyPass<string argument, string operation = ""> : NumericPass<"Lossy", argument, operation>;

#endif // TENSEL_PASSES_NUMERICPASS_TD
