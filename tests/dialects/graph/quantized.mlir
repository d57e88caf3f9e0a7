// RUN: tensel-opt %s -split-input-file -verify-diagnostics | FileCheck %s
// Weights in block formats: whole blocks along the last dim.

// CHECK-LABEL: func.func @rows
func.func @rows(%w: tensor<8x40xui8>, %r: tensor<?x3x144xui8>) -> (tensor<8x64xf32>, tensor<?x3x256xf32>) {
  // CHECK: graph.dequantize "q4_1" %{{.*}} : (tensor<8x40xui8>) -> tensor<8x64xf32>
  %0 = graph.dequantize "q4_1" %w : (tensor<8x40xui8>) -> tensor<8x64xf32>
  %1 = graph.dequantize "q4_k" %r : (tensor<?x3x144xui8>) -> tensor<?x3x256xf32>
  return %0, %1 : tensor<8x64xf32>, tensor<?x3x256xf32>
}

// -----

func.func @format(%w: tensor<8x40xui8>) {
  // expected-error@+2 {{found block format 'q9_9', expected one of q4_0, q4_1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.dequantize "q9_9" %w : (tensor<8x40xui8>) -> tensor<8x64xf32>
  return
}

// -----

func.func @part(%w: tensor<8x41xui8>) {
  // expected-error@+2 {{expected rows of whole blocks of 20 bytes, found 41}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.dequantize "q4_1" %w : (tensor<8x41xui8>) -> tensor<8x64xf32>
  return
}

// -----

// CHECK-LABEL: func.func @product
func.func @product(%x: tensor<2x?x64xf32>, %w: tensor<20x40xui8>) -> tensor<2x?x20xf32> {
  // CHECK: graph.quantize_rows %{{.*}} {bits = 8 : i64, group = 32 : i64} : (tensor<2x?x64xf32>) -> (tensor<2x?x64xi8>, tensor<2x?x2xf32>, tensor<2x?x2xf32>)
  %q:3 = graph.quantize_rows %x {bits = 8 : i64, group = 32 : i64} : (tensor<2x?x64xf32>) -> (tensor<2x?x64xi8>, tensor<2x?x2xf32>, tensor<2x?x2xf32>)
  // CHECK: graph.pack_blocks "q4_1" %{{.*}} : (tensor<20x40xui8>) -> tensor<2x640xi8>
  %p = graph.pack_blocks "q4_1" %w : (tensor<20x40xui8>) -> tensor<2x640xi8>
  %0 = graph.block_matmul "q4_1" %q#0, %q#1, %q#2, %p {columns = 20 : i64}
    : (tensor<2x?x64xi8>, tensor<2x?x2xf32>, tensor<2x?x2xf32>, tensor<2x640xi8>) -> tensor<2x?x20xf32>
  return %0 : tensor<2x?x20xf32>
}

// -----

// Experts: one weight for each index of the third dim.
// CHECK-LABEL: func.func @experts
func.func @experts(%q: tensor<?x1x3x32xi8>, %s: tensor<?x1x3x1xf32>, %p: tensor<5x1x320xi8>) -> tensor<?x5x3x7xf32> {
  %0 = graph.block_matmul "q4_1" %q, %s, %s, %p {columns = 7 : i64}
    : (tensor<?x1x3x32xi8>, tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>, tensor<5x1x320xi8>) -> tensor<?x5x3x7xf32>
  return %0 : tensor<?x5x3x7xf32>
}

// -----

func.func @odd(%x: tensor<2x40xf32>) {
  // expected-error@+2 {{expected rows of a multiple of 32 elements, found 40}}
  // expected-error@+1 {{failed to infer returned types}}
  %q:3 = graph.quantize_rows %x {bits = 8 : i64, group = 32 : i64} : (tensor<2x40xf32>) -> (tensor<2x40xi8>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @strip(%q: tensor<3x32xi8>, %s: tensor<3x1xf32>, %p: tensor<1x300xi8>) {
  // expected-error@+2 {{bytes of a strip: expected 320, found 300}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.block_matmul "q4_1" %q, %s, %s, %p {columns = 7 : i64}
    : (tensor<3x32xi8>, tensor<3x1xf32>, tensor<3x1xf32>, tensor<1x300xi8>) -> tensor<3x7xf32>
  return
}

// -----

func.func @scales(%q: tensor<3x128xi8>, %s: tensor<3x2xf32>, %p: tensor<1x640xi8>) {
  // expected-error@+2 {{scales of a row: expected 1, found 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.block_matmul "q4_1" %q, %s, %s, %p {columns = 7 : i64}
    : (tensor<3x128xi8>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<1x640xi8>) -> tensor<3x7xf32>
  return
}
