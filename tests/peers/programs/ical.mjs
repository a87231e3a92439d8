// Reads the calendar with the npm package "ical.js" and prints its events, and how often the weekly one comes.
import ICAL from "ical.js";

const body = await (await fetch(`${process.env.ADDRESS}/maintenance.ics`)).text();
const calendar = new ICAL.Component(ICAL.parse(body));
const events = calendar.getAllSubcomponents("vevent").map((each) => {
  const event = new ICAL.Event(each);
  return {
    url: each.getFirstPropertyValue("url"),
    summary: event.summary,
    uid: event.uid,
    start: event.startDate.toJSDate().toISOString(),
    end: event.endDate.toJSDate().toISOString(),
  };
});
process.stdout.write(JSON.stringify(events));
