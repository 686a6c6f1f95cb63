import EPTTLB
import Guests
import Machine
import Testing

/// Our hypervisors, right and wrong: a mistake shows under a policy that keeps what the architecture lets it keep, and
/// only what crosses no VM exit under one that keeps nothing.
@Suite struct HypervisorGuestTests {
  private func run(
    _ name: String, _ word: String?, processors: Int = 1, _ policy: RetentionPolicy? = nil
  ) throws -> Outcome {
    var settings = CacheSettings()
    settings.processors = processors
    return try outcome(of: try guest(name).image, settings, policy: policy, commandLine: word)
  }

  /// TLB rules S1, S5: every processor that may hold mappings of the EPT executes INVEPT, and then nobody reads the page.
  @Test(arguments: [2, 3, 4, 8], ["retain", "flush", "speculate:3", "random:3"])
  func aRightShootdownLetsNobodyRead(_ processors: Int, _ policy: String) throws {
    let result = try run("quiesce", nil, processors: processors, try RetentionPolicy.named(policy).get())
    #expect(result.end == .guestExit(1))
    #expect(
      result.serial.split(separator: "\n").map { $0.suffix(1) } == [
        "\(processors)", "\(processors - 1)", "\(processors - 1)", "0",
      ])
  }

  /// No INVEPT, one that comes before the change, INVVPID in its place, another tag, INVEPT that fails: the others read
  /// the secret. A
  /// processor that drops everything at VM exits hides all of it.
  @Test(arguments: ["noflush", "early", "type", "tag", "flags"], [2, 8])
  func aMissingShootdownShows(_ mistake: String, _ processors: Int) throws {
    let result = try run("quiesce", mistake, processors: processors)
    #expect(result.end == .guestExit(3), "\(result.serial)")
    #expect(result.serial.hasSuffix("\(processors - 1)\n"))
    let hidden = try run("quiesce", mistake, processors: processors, .flush)
    // Who has flushed early fills again before the entry changes, and does not exit in between.
    #expect(hidden.end == .guestExit(mistake == "early" ? 3 : 1), "\(hidden.serial)")
  }

  /// EPT02 is a TLB of EPT12: what L2 reads is what L1 has told it, unless L0 makes a mistake.
  @Test(
    arguments: [(nil, 1), ("entry", 3), ("memtype", 1), ("rights", 3), ("lost", 3), ("vpid", 3)] as [(String?, UInt8)])
  func nesting(_ mistake: String?, _ status: UInt8) throws {
    let result = try run("nested", mistake)
    #expect(result.end == .guestExit(status), "\(result.serial)")
  }

  @Test func aRightHypervisorSaysWhatItsGuestRead() throws {
    let result = try run("nested", nil)
    #expect(
      result.serial == """
        L2 reads a page:                           000000000000000a
        after its EPT12 entry changed, and INVEPT: 000000000000000b
        L2 reads a page of its own page table:     000000000000000a
        after its entry changed, and INVVPID:      000000000000000b
        L2's write to a read-only page is stopped: 0000000000000001

        """)
  }

  /// Results do not depend on block formation or host pointers in a guest either.
  @Test(arguments: CacheSettings.all)
  func hashesDoNotDependOnCaches(_ settings: CacheSettings) throws {
    var own = settings
    let reference = try outcome(of: try guest("nested").image)
    #expect(try outcome(of: try guest("nested").image, own) == reference)
    own.processors = 4
    var four = CacheSettings()
    four.processors = 4
    let quiesced = try outcome(of: try guest("quiesce").image, four, commandLine: "noflush")
    #expect(try outcome(of: try guest("quiesce").image, own, commandLine: "noflush") == quiesced)
  }
}
