// What keeps its promise is told in lines on stderr, with what was not checked; the IR comes out as always.
// RUN: tensel-opt %s -verify-each-numeric -tensel-infer-shapes -tensel-decompose -canonicalize -tensel-quantize-activations -tensel-form-dispatches 2>&1 >%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=IR < %t
// RUN: tensel-opt %s -verify-each-numeric -verify-budget=0 -tensel-decompose 2>&1 >/dev/null | FileCheck %s --check-prefix=BUDGET
// RUN: echo "func.func private @f()" | tensel-opt -verify-each-numeric -cse 2>&1 >/dev/null | FileCheck %s --check-prefix=NONE
// RUN: not tensel-opt %s -verify-each-numeric -verify-input=x=@%t.nothing -cse 2>&1 | FileCheck %s --check-prefix=MISSING
// CHECK: verify: 5 passes, of which {{[1-9]}} changed something; {{[2-9]}} runs of 1 function compared
// CHECK: not checked: machine code, as no program was compiled and run
// IR: task.dispatch
// BUDGET: not checked: 'main': evaluating it takes longer than the budget of 0
// NONE: not checked: the module has no public function
// MISSING: error: input 'x': cannot open

func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> tensor<2x3xf32> {
  %0 = graph.softmax %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
