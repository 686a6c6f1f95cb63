import CPU
import Layout
import MMU
import Testing

/// FNSTENV, FLDENV, FNSAVE, FRSTOR and what moves the register stack (SDM Vol. 1, "x87 FPU State"; Vol. 2, each
/// instruction's page).
@Suite struct FPUEnvironmentTests {
  private static let fnstenv: [UInt8] = [0xD9, 0x33]
  private static let fldenv: [UInt8] = [0xD9, 0x23]
  private static let fnsave: [UInt8] = [0xDD, 0x33]
  private static let frstor: [UInt8] = [0xDD, 0x23]

  private static func machine(_ seed: UInt64) throws -> (VectorMachine, SplitMix64) {
    let machine = try VectorMachine()
    var random = SplitMix64(state: seed)
    machine.randomize(&random)
    machine.state[.rbx] = VectorMachine.data
    let vectors = machine.state.vectors
    vectors.pointee.fpuControl = UInt16(truncatingIfNeeded: random.next()) & 0x1F00 | 0x7F
    vectors.pointee.fpuInstruction = random.next() & 0xFFFF_FFFF
    vectors.pointee.fpuData = random.next() & 0xFFFF_FFFF
    vectors.pointee.fpuOpcode = UInt16(truncatingIfNeeded: random.next()) & 0x7FF
    vectors.pointee.fpuCodeSelector = UInt16(truncatingIfNeeded: random.next())
    vectors.pointee.fpuDataSelector = UInt16(truncatingIfNeeded: random.next())
    for number in 0..<8 {
      let exponents: [UInt64] = [0, 0x3FFF, 0x7FFF, 0x8000, 0xBFFF, 0xFFFF]
      let significands: [UInt64] = [0, 1 << 63, 1, .max]
      machine.state[fpu: number] = FPURegister(
        significand: significands[Int(random.next() % 4)], signAndExponent: exponents[Int(random.next() % 6)])
    }
    return (machine, random)
  }

  /// "x87 FPU Tag Word", by the definition of each class of number.
  private static func tag(_ register: FPURegister, isFull: Bool) -> UInt16 {
    guard isFull else { return 3 }
    let exponent = register.signAndExponent & 0x7FFF
    if exponent == 0 && register.significand == 0 { return 1 }
    let isNormal = exponent != 0 && exponent != 0x7FFF && register.significand >= 1 << 63
    return isNormal ? 0 : 2
  }

  private static func image(_ state: State, size: Int) -> [UInt8] {
    let vectors = state.vectors.pointee
    var tags: UInt16 = 0
    for number in 0..<8 {
      tags |= tag(state[fpu: number], isFull: vectors.fpuFull >> UInt8(number) & 1 != 0) << UInt16(number * 2)
    }
    let words = [vectors.fpuControl, vectors.fpuStatus, tags].map(UInt64.init)
    let pointers: [UInt64] =
      size == 2
      ? [vectors.fpuInstruction, UInt64(vectors.fpuCodeSelector), vectors.fpuData, UInt64(vectors.fpuDataSelector)]
      : [
        vectors.fpuInstruction, UInt64(vectors.fpuCodeSelector) | UInt64(vectors.fpuOpcode) << 16, vectors.fpuData,
        UInt64(vectors.fpuDataSelector) | 0xFFFF_0000,
      ]
    return (words.map { size == 2 ? $0 : $0 | 0xFFFF_0000 } + pointers).flatMap { littleEndian($0, size) }
  }

  @Test(arguments: [2, 4])
  func storedImages(_ size: Int) throws {
    for seed: UInt64 in 0..<40 {
      for isWhole in [false, true] {
        let (machine, _) = try Self.machine(seed)
        let before = machine.state.vectors.pointee
        var expected = Self.image(machine.state, size: size)
        let top = Int(before.fpuStatus >> 11 & 7)
        if isWhole {
          for index in 0..<8 {
            let register = machine.state[fpu: top + index]
            expected += littleEndian(register.significand) + littleEndian(register.signAndExponent, 2)
          }
        }
        machine.write([UInt8](repeating: 0xAA, count: 128), at: VectorMachine.data)
        let prefix: [UInt8] = size == 2 ? [0x66] : []
        #expect(machine.run(prefix + (isWhole ? Self.fnsave : Self.fnstenv)) == .done)
        #expect(machine.read(expected.count + 1, at: VectorMachine.data) == expected + [0xAA])
        let after = machine.state.vectors.pointee
        if isWhole {
          #expect(after.fpuControl == 0x37F && after.fpuStatus == 0 && after.fpuFull == 0 && after.fpuInstruction == 0)
        } else {
          #expect(after.fpuControl == before.fpuControl | 0x3F && after.fpuFull == before.fpuFull)
        }
      }
    }
  }

  /// What is stored comes back, whatever lay in between.
  @Test(arguments: [2, 4])
  func restored(_ size: Int) throws {
    for seed: UInt64 in 100..<140 {
      let (machine, _) = try Self.machine(seed)
      if size == 2 {
        machine.state.vectors.pointee.fpuInstruction &= 0xFFFF
        machine.state.vectors.pointee.fpuData &= 0xFFFF
        machine.state.vectors.pointee.fpuOpcode = 0
      }
      let prefix: [UInt8] = size == 2 ? [0x66] : []
      let before = machine.snapshot
      let pointers = machine.state.vectors.pointee
      #expect(machine.run(prefix + Self.fnsave) == .done)
      for number in 0..<8 { machine.state[fpu: number] = FPURegister() }
      #expect(machine.run(prefix + Self.frstor) == .done)
      #expect(machine.snapshot.fpu == before.fpu)
      #expect(machine.snapshot.control == before.control)
      let after = machine.state.vectors.pointee
      #expect(after.fpuInstruction == pointers.fpuInstruction && after.fpuData == pointers.fpuData)
      #expect(after.fpuOpcode == pointers.fpuOpcode && after.fpuCodeSelector == pointers.fpuCodeSelector)
      #expect(after.fpuDataSelector == pointers.fpuDataSelector)
      // FLDENV leaves the registers.
      #expect(machine.run(prefix + Self.fnstenv) == .done)
      machine.state.initializeForTest()
      #expect(machine.run(prefix + Self.fldenv) == .done)
      #expect(machine.snapshot.fpu == before.fpu)
      #expect(machine.state.vectors.pointee.fpuFull == pointers.fpuFull)
    }
  }

  /// An image with an error that its control word does not mask makes the error pending; only what waits raises it.
  @Test func pendingErrors() throws {
    let (machine, _) = try Self.machine(7)
    #expect(machine.run(Self.fnstenv) == .done)
    machine.put(0x0000_0001_FFFF_037E, at: VectorMachine.data)
    #expect(machine.run(Self.fldenv) == .done)
    #expect(machine.state.vectors.pointee.fpuStatus & 0x8080 == 0x8080)
    for waiting: [UInt8] in [Self.fldenv, Self.frstor, [0xD9, 0xD0], [0xD9, 0xF6], [0xD9, 0xF7], [0xDD, 0xC1]] {
      #expect(machine.run(waiting) == .fault(16, error: nil), "\(waiting)")
    }
    #expect(machine.run(Self.fnsave) == .done)
  }

  @Test func stackPointer() throws {
    let (machine, _) = try Self.machine(9)
    let vectors = machine.state.vectors
    for top: UInt16 in 0..<8 {
      for (bytes, distance): ([UInt8], UInt16) in [([0xD9, 0xF7], 1), ([0xD9, 0xF6], 7)] {
        vectors.pointee.fpuStatus = top << 11 | 0x4700
        #expect(machine.run(bytes) == .done)
        #expect(vectors.pointee.fpuStatus == ((top &+ distance) % 8) << 11 | 0x4500)
      }
      for number: UInt8 in 0..<8 {
        vectors.pointee.fpuStatus = top << 11
        vectors.pointee.fpuFull = 0xFF
        #expect(machine.run([0xDD, 0xC0 + number]) == .done)
        #expect(vectors.pointee.fpuFull == ~(1 << ((UInt8(top) + number) % 8)))
      }
    }
  }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Empties the x87 registers without touching them.
  fileprivate func initializeForTest() {
    vectors.pointee.fpuFull = 0
    vectors.pointee.fpuStatus = 0
    vectors.pointee.fpuControl = 0x37F
  }
}
