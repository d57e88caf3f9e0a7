// The task dialect: a program as dispatches of kernels, with dims computed by the host. Values are still tensors; each
// comes to stand for a buffer of the memory plan.
#ifndef TENSEL_DIALECTS_TASK_TASKOPS_TD
#define TENSEL_DIALECTS_TASK_TASKOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Task_Dialect : Dialect {
  let name = "task";
  let cppNamespace = "::tensel::task";
  let summary = "A program as dispatches of kernels over planned buffers.";
  let description = [{
    The host program: an entry function (attribute `tensel.entry`) over tensors that holds dispatches, control flow
    (graph.if, graph.loop) and index arithmetic. `sizes` states an upper bound in bytes per result as a size
    expression over the module's graph.symbols (pairs (op, arg) in reverse Polish notation); `-tensel-plan-memory`
    adds `ids`, the planned value of each result.
  }];
}

class Task_Op<string mnemonic, list<Trait> traits = []> : Op<Task_Dialect, mnemonic, traits>;
def Task_Tensor : RankedTensorOf<[AnyFloat, AnySignlessInteger, AnyUnsignedInteger]>;

def Task_DispatchOp : Task_Op<"dispatch", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel over its whole range.";
  let description = [{`dims` are the dynamic dims of the results, in order. The kernel takes the inputs, then one destination per result.}];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Task_Tensor>:$inputs, Variadic<Index>:$dims,
                       OptionalAttr<ArrayAttr>:$sizes, OptionalAttr<DenseI64ArrayAttr>:$ids);
  let results = (outs Variadic<Task_Tensor>:$results);
  let assemblyFormat = "$kernel `(` $inputs `)` (`dims` `(` $dims^ `)`)? attr-dict `:` functional-type($inputs, $results)";
  let hasVerifier = 1;
}

def Task_AliasOp : Task_Op<"alias", [Pure]> {
  let summary = "The same elements in row-major order under other dims; never a copy.";
  let arguments = (ins Task_Tensor:$input, Variadic<Index>:$dims);
  let results = (outs Task_Tensor:$result);
  let assemblyFormat = "$input (`dims` `(` $dims^ `)`)? attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Task_ElementOp : Task_Op<"element", [Pure]> {
  let summary = "Element `index` (flat) of a small integer tensor, read by the host.";
  let arguments = (ins Task_Tensor:$input, I64Attr:$index);
  let results = (outs Index:$result);
  let assemblyFormat = "$input `[` $index `]` attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Task_FromElementsOp : Task_Op<"from_elements", [Pure]> {
  let summary = "A small integer tensor whose elements (flat) the host computed.";
  let arguments = (ins Variadic<Index>:$elements, OptionalAttr<DenseI64ArrayAttr>:$ids);
  let results = (outs Task_Tensor:$result);
  let assemblyFormat = "($elements^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
#endif // TENSEL_DIALECTS_TASK_TASKOPS_TD
