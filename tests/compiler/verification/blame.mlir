// The op that made the wrong value is named, not the one that returns it; the reproducer shows the same again.
// RUN: rm -rf %t
// RUN: not tensel-opt %s -verify-each-numeric -reproducer=%t -plant=cse:swapped-operands -pass-pipeline="builtin.module(tensel-decompose,cse,canonicalize)" 2>&1 | FileCheck %s
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s
// CHECK: error: the pass 'cse' breaks its promise (exact)
// CHECK-NEXT: function 'main', result '0': element [0, 0]: found
// CHECK-NEXT: made by graph.sub at node 'minus (Sub)': element [0, 0]: found

func.func @main(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = graph.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32> loc("grown (Exp)")
  %1 = graph.sub %0, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32> loc("minus (Sub)")
  %2 = graph.softmax %1 {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32> loc("soft (Softmax)")
  return %2 : tensor<2x3xf32> loc("graph")
}
