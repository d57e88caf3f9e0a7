// What shows a broken promise becomes a few ops on small inputs; the command shows the same again.
// RUN: rm -rf %t
// RUN: tensel-reduce %s --passes=tensel-decompose,cse,canonicalize --plant=cse:swapped-operands --reproducer=%t -o %t.mlir 2>&1 | FileCheck %s --check-prefix=SAID
// RUN: FileCheck %s < %t.mlir
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not tensel-reduce %s --passes=cse --reproducer=%t 2>&1 | FileCheck %s --check-prefix=GOOD
// RUN: not tensel-reduce %s --passes=nonsense --reproducer=%t 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: tensel-reduce %s --compiled --plant=tensel-emit-loops:short-loop --reproducer=%t -o %t.mlir 2>&1 | FileCheck %s --check-prefix=COMPILED
// RUN: not tensel-reduce %s --compiled --reproducer=%t 2>&1 | FileCheck %s --check-prefix=SOUND
// SAID: tensel-reduce: 5 ops became 1: the pass 'cse' breaks its promise (exact)
// SAID: to see it again: tensel-opt
// CHECK: func.func @main(%[[Y:[^:]*]]: tensor<1xf32> {{[^,]*}}, %[[X:[^:]*]]: tensor<1x1xf32> {{.*}})
// CHECK-NEXT: %[[R:.*]] = graph.sub %[[X]], %[[Y]]
// CHECK-NEXT: return %[[R]]
// AGAIN: error: the pass 'cse' breaks its promise (exact)
// COMPILED: tensel-reduce: 5 ops became {{[1-5]}}: the pass 'tensel-emit-loops' breaks its promise (reassociates)
// SOUND: error: no pass of the compiler breaks its promise
// GOOD: error: no pass of 'cse' breaks its promise
// UNKNOWN: error: --passes: {{.*}}'nonsense'

graph.symbol @N {max = 64}
func.func @main(%x: tensor<?x3xf32> {graph.name = "x", graph.dims = ["N", 3]}, %y: tensor<3xf32> {graph.name = "y"}) -> tensor<?x3xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.exp %x : (tensor<?x3xf32>) -> tensor<?x3xf32> loc("grown (Exp)")
  %1 = graph.mul %0, %half : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x3xf32> loc("half (Mul)")
  %2 = graph.sub %1, %y : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32> loc("minus (Sub)")
  %3 = graph.softmax %2 {axis = 1 : i64} : (tensor<?x3xf32>) -> tensor<?x3xf32> loc("soft (Softmax)")
  return %3 : tensor<?x3xf32>
}
