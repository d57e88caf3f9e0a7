// Mistakes below the graph dialect are found where they are made: in the host program and its memory plan, and in each form of a kernel.
// DEFINE: %{kind} =
// DEFINE: %{task} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=cse:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,cse)'
// DEFINE: %{plan} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=tensel-plan-memory:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,tensel-plan-memory)'
// DEFINE: %{linalg} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=tensel-lower-to-linalg:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,func.func(tensel-lower-to-linalg))'
// DEFINE: %{loops} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=tensel-emit-loops:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,func.func(tensel-lower-to-linalg,tensel-prepare-kernel,tensel-emit-contraction,tensel-emit-loops))'
// DEFINE: %{llvm} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=tensel-lower-kernel-to-llvm:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,func.func(tensel-lower-to-linalg),tensel-kernel-pipeline)'
// DEFINE: %{host} = rm -rf %t && not tensel-opt %s -verify-each-numeric -plant=tensel-lower-task:%{kind} -reproducer=%t -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,tensel-plan-memory,func.func(tensel-lower-to-linalg),tensel-kernel-pipeline,tensel-lower-task)'
// CHECK: error: the pass '{{[a-z-]+}}' breaks its promise

// REDEFINE: %{kind} = swapped-inputs
// RUN: %{task} 2>&1 | FileCheck %s --check-prefixes=CHECK,SWAPPED
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,SWAPPED
// SWAPPED: function 'main', result '0', with N=2: element [{{.*}}]: found {{.*}}, expected

// REDEFINE: %{kind} = wrong-dim
// RUN: %{task} 2>&1 | FileCheck %s --check-prefixes=CHECK,DIM
// DIM: the kernel 'k0' of 'mm', 'relu' cannot be evaluated: node 'relu': input 2 has 'd0' = 3, expected 2 as in an earlier input
// DIM-NEXT: made by kernel 'k0' at the nodes 'mm', 'relu'

// REDEFINE: %{kind} = short-life
// RUN: %{plan} 2>&1 | FileCheck %s --check-prefixes=CHECK,LIFE
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,LIFE
// LIFE: the memory plan is wrong: the op uses buffer 0 (planned for 'relu') at position {{[0-9]+}}, which is alive from
// LIFE-NEXT: made by kernel 'k

// REDEFINE: %{kind} = small-buffer
// RUN: %{plan} 2>&1 | FileCheck %s --check-prefixes=CHECK,SMALL
// SMALL: the memory plan is wrong: the op writes 32 bytes to buffer 0 (planned for 'relu'), which has 16

// REDEFINE: %{kind} = shared-buffer
// RUN: %{plan} 2>&1 | FileCheck %s --check-prefixes=CHECK,SHARED
// SHARED: the memory plan is wrong: the op writes its result over input 0 (buffer 0 (planned for 'relu')), which its kernel reads as if it were apart

// REDEFINE: %{kind} = wrong-in-place
// RUN: %{plan} 2>&1 | FileCheck %s --check-prefixes=CHECK,OVER
// OVER: the memory plan is wrong: the kernel cannot write over its argument: element {{[0-9]+}} of its result depends on other elements

// REDEFINE: %{kind} = swapped-subtraction
// RUN: %{linalg} 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: %{loops} 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: %{llvm} 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,KERNEL
// KERNEL: kernel 'k{{[0-9]}}' on {{.*}}xf32: element [0, 0]: found {{.*}}, expected
// KERNEL-NEXT: made by graph.{{.*}} at the nodes '

// What goes astray in memory does not take the verifier with it.
// REDEFINE: %{kind} = short-loop
// RUN: %{loops} 2>&1 | FileCheck %s --check-prefixes=CHECK,LOOP
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,LOOP
// LOOP: kernel 'k0' on 2x4xf32, 4x4xf32: it reads or writes memory that is not its own
// LOOP-NEXT: made by graph.matmul, graph.relu at the nodes 'mm', 'relu'

// REDEFINE: %{kind} = swapped-slots
// RUN: %{host} 2>&1 | FileCheck %s --check-prefixes=CHECK,SLOTS
// RUN: not sh %t/command.sh 2>&1 | FileCheck %s --check-prefixes=CHECK,SLOTS
// SLOTS: function 'main'
// SLOTS-NEXT: made by

// And nothing is found where nothing is wrong.
// RUN: tensel-opt %s -verify-each-numeric -o %t.out -pass-pipeline='builtin.module(tensel-decompose,tensel-form-dispatches,canonicalize,cse,tensel-plan-memory,func.func(tensel-lower-to-linalg),tensel-kernel-pipeline,tensel-lower-task)' 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN: below the graph dialect: {{[0-9]+}} passes; {{[1-9][0-9]*}} runs of host programs; {{[1-9][0-9]*}} forms of {{[1-9]}} kernels compared on

graph.symbol @N {min = 1 : i64, max = 64 : i64}
func.func @main(%x: tensor<?x4xf32> {graph.dims = ["N", 4], graph.name = "x"}, %w: tensor<4x4xf32> {graph.name = "w"}) -> tensor<?x4xf32> {
  %0 = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("mm")
  %1 = graph.relu %0 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu")
  %2 = graph.softmax %1 {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("soft")
  %3 = graph.sub %2, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("minus")
  %4 = graph.add %3, %1 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("plus")
  %5 = graph.matmul %4, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("mm2")
  return %5 : tensor<?x4xf32>
}
