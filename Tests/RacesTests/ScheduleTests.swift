import Races
import Testing

/// Schedules: what a file may say.
@Suite struct ScheduleTests {
  @Test func roundTrip() throws {
    let text = """
      # shootdown schedule 1
      at cpu0 store.structure #12 +5000
      at cpu1 exit #1 +40

      """
    let schedule = try Schedule(text: text)
    #expect(schedule.preemptions.count == 2 && schedule.text == text)
    #expect(schedule.preemptions.first?.point == .storeStructure && schedule.preemptions.first?.number == 12)
  }

  @Test(arguments: [
    "", "at cpu0 fill #1 +1", "# shootdown schedule 2\n", "# shootdown schedule 1\nat cpu0 fill #0 +1",
    "# shootdown schedule 1\nat cpu64 fill #1 +1", "# shootdown schedule 1\nat cpu0 nowhere #1 +1",
    "# shootdown schedule 1\nat cpu0 fill 1 +1", "# shootdown schedule 1\nat cpu0 fill #1 +99999999999999999999",
  ])
  func refused(_ text: String) {
    #expect(throws: Schedule.Failure.self) { try Schedule(text: text) }
  }
}
