// Every planted mistake is found, and the pass that made it is named, not its neighbours.
// DEFINE: %{kind} =
// DEFINE: %{found} = rm -rf %t && not tensel-opt %s -verify-each-numeric -reproducer=%t -o %t.out \
// DEFINE:   -plant=cse:%{kind} -pass-pipeline='builtin.module(tensel-infer-shapes,cse,canonicalize)' 2>&1 | FileCheck %s && not test -e %t.out
// REDEFINE: %{kind} = swapped-operands
// RUN: %{found}
// REDEFINE: %{kind} = dropped-term
// RUN: %{found}
// REDEFINE: %{kind} = wrong-axis
// RUN: %{found}
// REDEFINE: %{kind} = shifted-slice
// RUN: %{found}
// REDEFINE: %{kind} = wrong-constant
// RUN: %{found}
// REDEFINE: %{kind} = dropped-op
// RUN: %{found}
// REDEFINE: %{kind} = wrong-reduction
// RUN: %{found}
// REDEFINE: %{kind} = wrong-transpose
// RUN: %{found}
// REDEFINE: %{kind} = repeated-operand
// RUN: %{found}
// CHECK: error: the pass 'cse' breaks its promise (exact)
// CHECK-NEXT: function 'main', result '{{[a-z]+}}', with N={{[0-9]+}}: element [{{[0-9, ]+}}]: found {{[^ ]+}}, expected {{[^ ]+}} ({{[0-9]+}} of {{[0-9]+}} elements differ)
// CHECK-NEXT: made by graph.{{[a-z_]+}} at node '
// CHECK-NEXT: to see it again: tensel-opt '{{.*}}/before.mlir' --verify-each-numeric --pass-pipeline='builtin.module(cse)' --verify-input='x=@

graph.symbol @N {max = 64}
func.func @main(%x: tensor<?x4xf32> {graph.name = "x", graph.dims = ["N", 4]}, %w: tensor<4x4xf32> {graph.name = "w"})
    -> (tensor<?x4xf32> {graph.name = "sums"}, tensor<?xf32> {graph.name = "totals"}, tensor<?x2xf32> {graph.name = "parts"},
        tensor<?x8xf32> {graph.name = "joined"}) {
  %product = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product (MatMul)")
  %half = graph.constant dense<0.5> : tensor<f32> loc("half (Constant)")
  %scaled = graph.mul %product, %half : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32> loc("scaled (Mul)")
  %minus = graph.sub %scaled, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("minus (Sub)")
  %sum = graph.add %minus, %product : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("sum (Add)")
  %soft = graph.softmax %sum {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("soft (Softmax)")
  %sharp = graph.relu %minus : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("sharp (Relu)")
  %total = graph.reduce mean %sharp {axes = array<i64: 1>} : (tensor<?x4xf32>) -> tensor<?xf32> loc("total (ReduceMean)")
  %one = graph.constant dense<1> : tensor<1xi64> loc("one (Constant)")
  %three = graph.constant dense<3> : tensor<1xi64> loc("three (Constant)")
  %part = graph.slice %sum, %one, %three, %one {axes = array<i64: 1>} : (tensor<?x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2xf32> loc("part (Slice)")
  %joined = graph.concat %sum, %soft {axis = 1 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32> loc("joined (Concat)")
  return %soft, %total, %part, %joined : tensor<?x4xf32>, tensor<?xf32>, tensor<?x2xf32>, tensor<?x8xf32> loc("graph")
}
