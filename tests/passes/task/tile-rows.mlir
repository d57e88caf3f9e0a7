// Stretches of a program in tiles of rows: what each tile reads, pads and gives.
// RUN: tensel-opt %s -tensel-tile-rows='tiles=2 limit=3400' -cse -split-input-file | FileCheck %s

// 12 rows, windows of 3 with a row of padding: the first tile reads 7 rows and pads above them, the second reads 7 and pads below.
// CHECK-LABEL: func.func @windows
// CHECK: %[[A:.*]] = graph.slice %arg0, {{.*}} {axes = array<i64: 2>} {{.*}} -> tensor<1x1x8x8xf32>
// CHECK: %[[AP:.*]] = graph.pad constant %[[A]], {{.*}} -> tensor<1x1x9x10xf32>
// CHECK: %[[AC:.*]] = graph.conv %[[AP]], %arg1 {{.*}} -> tensor<1x4x7x8xf32>
// CHECK: %[[AR:.*]] = graph.relu %[[AC]]
// CHECK: %[[AQ:.*]] = graph.pad constant %[[AR]], {{.*}} -> tensor<1x4x8x10xf32>
// CHECK: %[[AY:.*]] = graph.conv %[[AQ]], %arg2 {{.*}} -> tensor<1x1x6x8xf32>
// CHECK: %[[B:.*]] = graph.slice %arg0, {{.*}} -> tensor<1x1x8x8xf32>
// CHECK: %[[BP:.*]] = graph.pad constant %[[B]], {{.*}} -> tensor<1x1x9x10xf32>
// CHECK: %[[BY:.*]] = graph.conv %{{.*}}, %arg2 {{.*}} -> tensor<1x1x6x8xf32>
// CHECK: %[[Y:.*]] = graph.concat %[[AY]], %[[BY]] {axis = 2 : i64} {{.*}} -> tensor<1x1x12x8xf32>
// CHECK: return %[[Y]]
func.func @windows(%x: tensor<1x1x12x8xf32>, %f: tensor<4x1x3x3xf32>, %g: tensor<1x4x3x3xf32>) -> tensor<1x1x12x8xf32> {
  %p = graph.constant dense<[0, 0, 1, 1, 0, 0, 1, 1]> : tensor<8xi64>
  %z = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.pad constant %x, %p, %z : (tensor<1x1x12x8xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x1x14x10xf32>
  %1 = graph.conv %0, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x1x14x10xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x12x8xf32>
  %2 = graph.relu %1 : (tensor<1x4x12x8xf32>) -> tensor<1x4x12x8xf32>
  %3 = graph.pad constant %2, %p, %z : (tensor<1x4x12x8xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x4x14x10xf32>
  %4 = graph.conv %3, %g {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x4x14x10xf32>, tensor<1x4x3x3xf32>) -> tensor<1x1x12x8xf32>
  return %4 : tensor<1x1x12x8xf32>
}

// -----

// Rows of a product: a tile of the wide value at a time. What both tiles read stays whole, what has the rows is sliced.
// CHECK-LABEL: func.func @rows
// CHECK: %[[A:.*]] = graph.slice %arg0, {{.*}} {axes = array<i64: 0>} {{.*}} -> tensor<4x2xf32>
// CHECK: graph.matmul %[[A]], %arg1 {{.*}} -> tensor<4x128xf32>
// CHECK: %[[AS:.*]] = graph.slice %arg3, {{.*}} -> tensor<4x1xf32>
// CHECK: graph.mul %{{.*}}, %[[AS]] {{.*}} -> tensor<4x128xf32>
// CHECK: %[[AY:.*]] = graph.matmul %{{.*}}, %arg2 {{.*}} -> tensor<4x2xf32>
// CHECK: %[[BY:.*]] = graph.matmul %{{.*}}, %arg2 {{.*}} -> tensor<4x2xf32>
// CHECK: graph.concat %[[AY]], %[[BY]] {axis = 0 : i64}
func.func @rows(%x: tensor<8x2xf32>, %a: tensor<2x128xf32>, %b: tensor<128x2xf32>, %s: tensor<8x1xf32>) -> tensor<8x2xf32> {
  %0 = graph.matmul %x, %a : (tensor<8x2xf32>, tensor<2x128xf32>) -> tensor<8x128xf32>
  %1 = graph.mul %0, %s : (tensor<8x128xf32>, tensor<8x1xf32>) -> tensor<8x128xf32>
  %2 = graph.exp %1 : (tensor<8x128xf32>) -> tensor<8x128xf32>
  %3 = graph.matmul %2, %b : (tensor<8x128xf32>, tensor<128x2xf32>) -> tensor<8x2xf32>
  return %3 : tensor<8x2xf32>
}

// -----

// Rows that are repeated twice come in pairs: five rows of the input make the ten that a tile of eight needs.
// CHECK-LABEL: func.func @repeated
// CHECK: graph.slice %arg0, {{.*}} -> tensor<1x1x5x32xf32>
// CHECK: graph.resize nearest %{{.*}} -> tensor<1x1x10x64xf32>
// CHECK: graph.conv %{{.*}} -> tensor<1x1x8x1xf32>
// CHECK: graph.slice %arg0, {{.*}} -> tensor<1x1x5x32xf32>
// CHECK: graph.resize nearest %{{.*}} -> tensor<1x1x10x64xf32>
// CHECK: graph.concat %{{.*}} {axis = 2 : i64}
func.func @repeated(%x: tensor<1x1x9x32xf32>, %f: tensor<1x1x3x64xf32>) -> tensor<1x1x16x1xf32> {
  %s = graph.constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  %0 = graph.resize nearest %x scales %s : tensor<4xf32> {coordinates = "asymmetric", nearest = "floor"} : tensor<1x1x9x32xf32> -> tensor<1x1x18x64xf32>
  %1 = graph.conv %0, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x1x18x64xf32>, tensor<1x1x3x64xf32>) -> tensor<1x1x16x1xf32>
  return %1 : tensor<1x1x16x1xf32>
}

// -----

// A sum over the rows needs all of them; the other dim is what is left.
// CHECK-LABEL: func.func @sum_over_rows
// CHECK: graph.reduce sum %{{.*}} -> tensor<1x32xf32>
// CHECK: graph.reduce sum %{{.*}} -> tensor<1x32xf32>
// CHECK: graph.concat %{{.*}} {axis = 1 : i64}
func.func @sum_over_rows(%x: tensor<8x1xf32>, %s: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %0 = graph.mul %x, %s : (tensor<8x1xf32>, tensor<1x64xf32>) -> tensor<8x64xf32>
  %1 = graph.softmax %0 {axis = 0 : i64} : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %2 = graph.reduce sum %1 {axes = array<i64: 0>, keep_dims = true} : (tensor<8x64xf32>) -> tensor<1x64xf32>
  return %2 : tensor<1x64xf32>
}

// -----

// Sizes that vary stay whole.
// CHECK-LABEL: func.func @varies
// CHECK-NOT: graph.slice
func.func @varies(%x: tensor<?x2xf32>, %a: tensor<2x64xf32>, %b: tensor<64x2xf32>) -> tensor<?x2xf32> {
  %0 = graph.matmul %x, %a : (tensor<?x2xf32>, tensor<2x64xf32>) -> tensor<?x64xf32>
  %1 = graph.matmul %0, %b : (tensor<?x64xf32>, tensor<64x2xf32>) -> tensor<?x2xf32>
  return %1 : tensor<?x2xf32>
}

// -----

// One operand's dim varies: it may have the rows, or be broadcast along them.
// CHECK-LABEL: func.func @either
// CHECK-NOT: graph.slice
func.func @either(%x: tensor<8x1xf32>, %a: tensor<?x128xf32>, %b: tensor<128x2xf32>) -> tensor<8x2xf32> {
  %0 = graph.add %x, %a : (tensor<8x1xf32>, tensor<?x128xf32>) -> tensor<8x128xf32>
  %1 = graph.matmul %0, %b : (tensor<8x128xf32>, tensor<128x2xf32>) -> tensor<8x2xf32>
  return %1 : tensor<8x2xf32>
}
