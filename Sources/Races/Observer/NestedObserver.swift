import CPU
import EPTTLB
import MMU
import VMX

/// The nested-EPT observer: EPT02 is a TLB of EPT12, which L0 fills, and this says where it is not what EPT12 and EPT01
/// say (docs/OBSERVER.md). It knows nothing of the hypervisor: it sees the instructions of VMX that exit, and whether
/// L1, when it goes on behind one, is told of success.
///
/// There is none until a guest executes an instruction of VMX.
final class NestedObserver {
  let memory: PhysicalMemory
  let processors: [Processor]
  let watch: PageWatch
  unowned(unsafe) let oracle: Oracle
  /// Pages of L2's that L0 backs itself.
  let own: Set<UInt64>
  /// The input made wrong, for tests.
  let mistake: NestedMistake?
  /// It was made.
  var hasErred = false
  /// For mistakes on purpose: the last fill under EPT02, the page that EPT12 is taken not to have, and the one that it is
  /// taken to have read-only. Pages have even addresses.
  var lastFill: UInt64?
  var hidden: UInt64 = 1
  var readOnly: UInt64 = 1
  var state: NestedState
  /// Takes each finding, once for those that are alike.
  var report: ((NestedFinding) -> Void)?

  init(_ oracle: Oracle, watch: PageWatch, own: Set<UInt64>, mistake: NestedMistake?) {
    self.oracle = oracle
    memory = oracle.memory
    processors = oracle.processors
    self.watch = watch
    self.own = own
    self.mistake = mistake
    state = NestedState(processors: oracle.processors.count)
  }

  deinit { watchPages(of: state, false) }

  // MARK: Snapshots

  /// Goes back to what was known when a snapshot was taken.
  func restore(_ state: NestedState) {
    watchPages(of: self.state, false)
    self.state = state
    watchPages(of: state, true)
  }

  private func watchPages(of state: NestedState, _ isWatched: Bool) {
    for tree in state.histories.values.map(\.tree) + state.roots.values.map(\.tree) {
      for page in tree.pages.keys { watch.watch(page, isWatched) }
    }
  }

  // MARK: L1's instructions

  /// An instruction of VMX is about to exit.
  func willExit(_ unit: VMXUnit, _ instruction: VMXInstruction, _ operands: VMXOperands, _ number: Int) {
    let isNesting: Bool
    switch instruction {
    case .vmcall, .vmfunc: return
    default: isNesting = true
    }
    if isNesting, let owner = state.seconds[unit.current], let first = state.firsts[owner], first.isInL2 {
      if let vmcs12 = first.current { state.refused.insert(vmcs12) }
      state.runs[number] = nil
      return refuse("a third level: L2 executes instructions of VMX")
    }
    var first = state.firsts[unit.current] ?? VirtualProcessor()
    let seen = L1Instruction(instruction, operands, of: processors[number], order: oracle.next())
    first.pending = seen
    first.ept01 = processors[number].translation.controls.ept
    first.isInL2 = false
    state.firsts[unit.current] = first
    if instruction == .vmlaunch || instruction == .vmresume { state.launching[number] = unit.current }
  }

  /// VMREAD or VMWRITE of L1's, which the shadow VMCS has satisfied.
  func shadowed(_ unit: VMXUnit, _ encoding: UInt64, _ value: UInt64, _ number: Int) {
    guard let current = state.firsts[unit.current]?.current else { return }
    state.vmcs12s[current]?.learn(
      UInt32(truncatingIfNeeded: encoding), value, isWide: processors[number].state.is64Bit)
  }

  /// VMFUNC of a guest has switched EPTPs.
  func switched(_ unit: VMXUnit, _ number: Int) {
    guard let run = state.runs[number] else { return }
    state.refused.insert(run.vmcs12)
    state.runs[number] = nil
    refuse("EPTP switching: L2 executes VMFUNC")
  }

  /// L0 has entered a guest: L1 behind its instruction, L1's handler, or L2.
  func entered(_ unit: VMXUnit, _ number: Int) {
    let launching = state.launching[number]
    state.launching[number] = nil
    state.runs[number] = nil
    if let launching, launching != unit.current, state.firsts[unit.current] == nil {
      state.seconds[unit.current] = launching
      return enteredL2(of: launching, unit, number)
    }
    if state.firsts[unit.current] == nil {
      guard let owner = state.seconds[unit.current] else { return }
      return enteredL2(of: owner, unit, number)
    }
    if isL2(unit, launching != nil) {
      state.seconds[unit.current] = unit.current
      return enteredL2(of: unit.current, unit, number)
    }
    state.firsts[unit.current]?.isInL2 = false
    guard let pending = state.firsts[unit.current]?.pending else { return }
    state.firsts[unit.current]?.pending = nil
    guard unit.vmcs[.guestRIP] == pending.next else { return }
    guard unit.vmcs[.guestRFLAGS] & 0x41 == 0 else {
      state.counters.failed += 1
      return
    }
    succeeded(pending, unit.current, number)
  }

  /// Whether a VMCS that L1 runs under runs L2 now, of an L0 that has one for both: what is entered is then neither the
  /// instruction behind L1's entry nor L1's handler.
  private func isL2(_ unit: VMXUnit, _ isLaunching: Bool) -> Bool {
    guard let first = state.firsts[unit.current] else { return false }
    guard isLaunching || first.isInL2 && state.seconds[unit.current] == unit.current else { return false }
    let rip = unit.vmcs[.guestRIP]
    if let vmcs12 = first.current.flatMap({ state.vmcs12s[$0] }), rip == vmcs12[.hostRIP],
      unit.vmcs[.guestRSP] == vmcs12[.hostRSP]
    {
      return false
    }
    guard isLaunching, let pending = first.pending else { return first.isInL2 }
    return rip != pending.next && rip != pending.rip
  }

  private func succeeded(_ seen: L1Instruction, _ vmcs01: UInt64, _ number: Int) {
    func key(_ pointer: UInt64) -> UInt64 {
      guard let ept01 = state.firsts[vmcs01]?.ept01 else { return pointer }
      return l1Memory(ept01, number).physical(pointer) ?? pointer
    }
    switch seen.instruction {
    case .vmptrld:
      let place = key(seen.low)
      state.firsts[vmcs01]?.current = place
      if state.vmcs12s[place] == nil {
        state.vmcs12s[place] = VMCS12()
        state.counters.vmcs12s += 1
      }
    case .vmclear:
      if state.firsts[vmcs01]?.current == key(seen.low) { state.firsts[vmcs01]?.current = nil }
    case .vmxoff: state.firsts[vmcs01]?.current = nil
    case .vmwrite, .vmread:
      guard let current = state.firsts[vmcs01]?.current else { return }
      let value = seen.instruction == .vmwrite ? seen.low : seen.result(processors[number])
      state.vmcs12s[current]?.learn(UInt32(truncatingIfNeeded: seen.register), value, isWide: seen.isWide)
    case .invept:
      guard seen.register == 1 || seen.register == 2 else { return }
      state.counters.invept[Int(seen.register)] += 1
      invalidated(seen.register == 1 ? .ept(seen.low & StructureChange.frame) : .everyEPT, seen, vmcs01)
    case .invvpid:
      guard seen.register < 4 else { return }
      state.counters.invvpid[Int(seen.register)] += 1
      let vpid = UInt16(truncatingIfNeeded: seen.low)
      let scopes: [L1Invalidation.Scope] = [
        .address(seen.high, vpid: vpid), .vpid(vpid), .everyVPID, .vpidButGlobal(vpid),
      ]
      invalidated(scopes[Int(seen.register)], seen, vmcs01)
    default: break
    }
  }

  func invalidated(_ scope: L1Invalidation.Scope, _ seen: L1Instruction, _ vmcs01: UInt64) {
    // L0 has not entered L2 on this processor since; what others have filled since is told by their counts now.
    let insertions = processors.map { $0.translation.cache.insertions }
    state.firsts[vmcs01]?.invalidated(
      L1Invalidation(scope: scope, order: seen.order, cycle: seen.cycle, rip: seen.rip, insertions: insertions))
  }

  // MARK: What cannot be followed

  func refuse(_ name: String) { state.counters.refusals[name, default: 0] += 1 }

  func l1Memory(_ ept01: EPTControls, _ number: Int) -> L1Memory {
    L1Memory(memory, ept01, physicalBits: processors[number].translation.controls.physicalBits)
  }
}
