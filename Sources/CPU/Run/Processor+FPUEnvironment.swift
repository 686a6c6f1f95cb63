import Layout
import MMU
import Opcodes

// The x87 environment in its four forms, by operand size and mode, and the registers behind it (SDM Vol. 1, "x87 FPU
// State", "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE").

extension Processor {
  /// FNSTENV and FNSAVE.
  ///
  /// - Parameter size: bytes of the operand: 2 or 4.
  func storeEnvironment(_ s: State, _ op: OpRef, size: Int, registers: Bool) {
    guard let place = environmentPlace(s, op, .x87, size: size, registers: registers, isWrite: true) else { return }
    let image = gather(place).base
    storeFields(environment, size: size, in: image)
    if registers {
      let top = Int(s.vectors.pointee.fpuStatus >> 11 & 7)
      for index in 0..<8 {
        let register = s[fpu: top + index]
        let target = image + size * 7 + index * 10
        target.storeBytes(of: register.significand, as: UInt64.self)
        (target + 8).storeBytes(of: UInt16(truncatingIfNeeded: register.signAndExponent), as: UInt16.self)
      }
      s.initializeFPU()
    } else {
      s.vectors.pointee.fpuControl |= FPUControl.exceptionMasks
      s.summarizeFPUErrors()
    }
    scatter(place)
    return s.fallThrough(op)
  }

  /// FLDENV and FRSTOR.
  func loadEnvironment(_ s: State, _ op: OpRef, size: Int, registers: Bool) {
    guard let place = environmentPlace(s, op, .waiting, size: size, registers: registers, isWrite: false) else {
      return
    }
    let image = gather(place).base
    load(loadFields(size: size, from: image))
    if registers {
      let top = Int(s.vectors.pointee.fpuStatus >> 11 & 7)
      for index in 0..<8 {
        let source = image + size * 7 + index * 10
        s[fpu: top + index] = FPURegister(
          significand: source.loadUnaligned(as: UInt64.self),
          signAndExponent: UInt64((source + 8).loadUnaligned(as: UInt16.self)))
      }
    }
    return s.fallThrough(op)
  }

  /// The operand; nil: a fault has been raised.
  private func environmentPlace(
    _ s: State, _ op: OpRef, _ unit: Opcode.Unit, size: Int, registers: Bool, isWrite: Bool
  ) -> Place? {
    let fault = s.fault(ofUnit: unit.rawValue)
    guard fault == 0 else {
      unavailable(s, op, fault)
      return nil
    }
    let bytes = size * 7 + (registers ? 80 : 0)
    guard let place = place(s, op, bytes: bytes, alignment: 1, isWrite: isWrite) else { return nil }
    guard isAligned(s.effectiveAddress(op), bytes: UInt64(size)) else {
      raise(s, op, .alignmentCheck)
      return nil
    }
    return place
  }

  // MARK: Its seven fields

  /// Control, status and tag words, then the pointers in the order of the image.
  private struct Environment {
    var control: UInt16
    var status: UInt16
    var tags: UInt16
    var opcode: UInt16
    var instruction: UInt64
    var codeSelector: UInt16
    var data: UInt64
    var dataSelector: UInt16
  }

  private var environment: Environment {
    let vectors = state.vectors.pointee
    return Environment(
      control: vectors.fpuControl, status: vectors.fpuStatus, tags: tagWord, opcode: vectors.fpuOpcode,
      instruction: vectors.fpuInstruction, codeSelector: vectors.fpuCodeSelector, data: vectors.fpuData,
      dataSelector: vectors.fpuDataSelector)
  }

  private func load(_ environment: Environment) {
    let vectors = state.vectors
    vectors.pointee.fpuControl = FPUControl.loaded(environment.control)
    vectors.pointee.fpuStatus = environment.status
    vectors.pointee.fpuFull = 0
    for number in 0..<8 where environment.tags >> UInt16(number * 2) & 3 != 3 {
      vectors.pointee.fpuFull |= 1 << UInt8(number)
    }
    vectors.pointee.fpuOpcode = environment.opcode & 0x7FF
    vectors.pointee.fpuInstruction = environment.instruction
    vectors.pointee.fpuCodeSelector = environment.codeSelector
    vectors.pointee.fpuData = environment.data
    vectors.pointee.fpuDataSelector = environment.dataSelector
    state.summarizeFPUErrors()
  }

  /// The tag word in full: 0 valid, 1 zero, 2 special, 3 empty ("x87 FPU Tag Word").
  private var tagWord: UInt16 {
    var tags: UInt16 = 0
    for number in 0..<8 {
      let register = state[fpu: number]
      let exponent = register.signAndExponent & 0x7FFF
      let tag: UInt16
      if state.vectors.pointee.fpuFull >> UInt8(number) & 1 == 0 {
        tag = 3
      } else if exponent == 0 && register.significand == 0 {
        tag = 1
      } else {
        tag = exponent == 0 || exponent == 0x7FFF || register.significand >> 63 == 0 ? 2 : 0
      }
      tags |= tag << UInt16(number * 2)
    }
    return tags
  }

  /// A linear address in place of selector and offset, as real-address and virtual-8086 mode have it.
  private func linear(_ selector: UInt16, _ offset: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: UInt64(selector) << 4 &+ offset)
  }

  private func storeFields(_ environment: Environment, size: Int, in image: UnsafeMutableRawPointer) {
    var fields: [UInt32] = [environment.control, environment.status, environment.tags].map { UInt32($0) | 0xFFFF_0000 }
    if state.usesParagraphs {
      let instruction = linear(environment.codeSelector, environment.instruction)
      let data = linear(environment.dataSelector, environment.data)
      let high: UInt32 = size == 4 ? 0xFFFF : 0xF
      fields += [
        instruction & 0xFFFF | 0xFFFF_0000, (instruction >> 16 & high) << 12 | UInt32(environment.opcode),
        data & 0xFFFF | 0xFFFF_0000, (data >> 16 & high) << 12,
      ]
    } else {
      let opcode = size == 4 ? UInt32(environment.opcode) << 16 : 0
      fields += [
        UInt32(truncatingIfNeeded: environment.instruction), UInt32(environment.codeSelector) | opcode,
        UInt32(truncatingIfNeeded: environment.data), UInt32(environment.dataSelector) | 0xFFFF_0000,
      ]
    }
    for (index, field) in fields.enumerated() {
      if size == 4 {
        (image + index * 4).storeBytes(of: field, as: UInt32.self)
      } else {
        (image + index * 2).storeBytes(of: UInt16(truncatingIfNeeded: field), as: UInt16.self)
      }
    }
  }

  private func loadFields(size: Int, from image: UnsafeMutableRawPointer) -> Environment {
    let fields = (0..<7).map { index in
      size == 4
        ? (image + index * 4).loadUnaligned(as: UInt32.self)
        : UInt32((image + index * 2).loadUnaligned(as: UInt16.self))
    }
    func word(_ index: Int) -> UInt16 { UInt16(truncatingIfNeeded: fields[index]) }
    var environment = Environment(
      control: word(0), status: word(1), tags: word(2), opcode: 0, instruction: UInt64(fields[3]), codeSelector: 0,
      data: UInt64(fields[5]), dataSelector: 0)
    if state.usesParagraphs {
      environment.opcode = word(4)
      environment.instruction = UInt64(fields[3] & 0xFFFF | (fields[4] >> 12 & 0xFFFF) << 16)
      environment.data = UInt64(fields[5] & 0xFFFF | (fields[6] >> 12 & 0xFFFF) << 16)
    } else {
      environment.opcode = UInt16(truncatingIfNeeded: fields[4] >> 16)
      environment.codeSelector = word(4)
      environment.dataSelector = word(6)
    }
    return environment
  }
}
