// RUN: tensel-opt %s -tensel-quantize-activations=bits=8 -cse | FileCheck %s
// RUN: tensel-opt %s -tensel-quantize-activations | FileCheck %s --check-prefix=DEFAULT
// Products with quantized weights become products of integers.

graph.weight @w : tensor<20x40xui8> from "w.bin" {offset = 0 : i64, length = 800 : i64}
graph.weight @k : tensor<1x210xui8> from "w.bin" {offset = 800 : i64, length = 210 : i64}

// Both weights meet the same rounded rows.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<?x64xf32>) -> (tensor<?x20xf32>, tensor<?x20xf32>) {
  // CHECK: %[[Q:.*]], %[[S:.*]], %[[M:.*]] = graph.quantize_rows %arg0 {bits = 8 : i64, group = 32 : i64}
  // CHECK-NOT: graph.quantize_rows
  // DEFAULT: graph.quantize_rows %arg0 {bits = 16 : i64, group = 32 : i64} : (tensor<?x64xf32>) -> (tensor<?x128xi8>,
  // CHECK: %[[P:.*]] = graph.pack_blocks "q4_1"
  // CHECK: graph.block_matmul "q4_1" %[[Q]], %[[S]], %[[M]], %[[P]] {columns = 20 : i64}
  %w = graph.load_weight @w : tensor<20x40xui8>
  %d = graph.dequantize "q4_1" %w : (tensor<20x40xui8>) -> tensor<20x64xf32>
  %0 = graph.matmul %x, %d {transpose_lhs = false, transpose_rhs = true} : (tensor<?x64xf32>, tensor<20x64xf32>) -> tensor<?x20xf32>
  %1 = graph.matmul %x, %d {transpose_lhs = false, transpose_rhs = true} : (tensor<?x64xf32>, tensor<20x64xf32>) -> tensor<?x20xf32>
  return %0, %1 : tensor<?x20xf32>, tensor<?x20xf32>
}

// Formats with a scale per 16 elements want sums of 16.
// CHECK-LABEL: func.func @sixteen
func.func @sixteen(%x: tensor<?x256xf32>) -> tensor<?x1xf32> {
  // CHECK: graph.quantize_rows %arg0 {bits = 8 : i64, group = 16 : i64}
  %w = graph.load_weight @k : tensor<1x210xui8>
  %d = graph.dequantize "q6_k" %w : (tensor<1x210xui8>) -> tensor<1x256xf32>
  %0 = graph.matmul %x, %d {transpose_lhs = false, transpose_rhs = true} : (tensor<?x256xf32>, tensor<1x256xf32>) -> tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}

// What is no weight, or not read by rows, stays.
// CHECK-LABEL: func.func @other
func.func @other(%x: tensor<?x64xf32>, %y: tensor<?x20xf32>, %v: tensor<20x40xui8>) -> (tensor<?x20xf32>, tensor<?x64xf32>) {
  // CHECK-NOT: graph.block_matmul
  %d = graph.dequantize "q4_1" %v : (tensor<20x40xui8>) -> tensor<20x64xf32>
  %0 = graph.matmul %x, %d {transpose_lhs = false, transpose_rhs = true} : (tensor<?x64xf32>, tensor<20x64xf32>) -> tensor<?x20xf32>
  %w = graph.load_weight @w : tensor<20x40xui8>
  %e = graph.dequantize "q4_1" %w : (tensor<20x40xui8>) -> tensor<20x64xf32>
  %1 = graph.matmul %y, %e {transpose_lhs = false, transpose_rhs = false} : (tensor<?x20xf32>, tensor<20x64xf32>) -> tensor<?x64xf32>
  return %0, %1 : tensor<?x20xf32>, tensor<?x64xf32>
}
