/* The calendar page: FullCalendar over what the server tells. Times are wall times of the reader's zone, which the server
 * makes out of instants and back; to FullCalendar they are UTC, so that it reckons with none of its own.
 */
"use strict";

(() => {
  const place = document.getElementById("agenda");
  const options = JSON.parse(place.dataset.options);
  const words = options.words;
  const language = options.language === "en" ? "en-GB" : options.language; // day before month, as the server writes it
  const loaded = Date.now();
  const dialog = document.getElementById("agenda-move");
  const said = document.getElementById("agenda-said");
  const VIEWS = { day: "timeGridDay", week: "timeGridWeek", month: "dayGridMonth" };
  const narrow = window.matchMedia("(max-width: 47.99rem)");
  const views = narrow.matches ? { day: "listDay", week: "listWeek", month: "listMonth" } : VIEWS;
  let moved = null; // the id of what was moved last, whose meeting is watched

  const fill = (sentence, values) => sentence.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);
  const day = (moment) => moment.toISOString().slice(0, 10);
  const time = (moment) => moment.toISOString().slice(11, 16);
  const now = () => new Date(Date.parse(`${options.now}Z`) + Date.now() - loaded).toISOString();
  const inWords = new Intl.DateTimeFormat(language, {
    timeZone: "UTC", weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

  const say = (sentence, tone = "", badge = null) => {
    const mark = said.querySelector("[data-badge]");
    said.className = `alert ${tone && `tone-${tone}`}`;
    said.querySelector("[data-said]").textContent = sentence;
    mark.hidden = !badge;
    if (badge) [mark.textContent, mark.className] = [badge.label, `badge tone-${badge.tone}`];
    said.querySelectorAll("[data-undo-form]").forEach((form) => form.remove());
    said.hidden = false;
  };
  /* What was moved can be taken back for a moment */
  const offer = (undo) => {
    const form = document.getElementById("agenda-undo").content.cloneNode(true).querySelector("form");
    form.elements.version.value = undo.version;
    form.onsubmit = async (event) => {
      event.preventDefault();
      form.querySelector("[type=submit]").disabled = true;
      try {
        const answer = await fetch(undo.url, { method: "POST", body: new FormData(form), headers: { accept: "application/json" } });
        say((await answer.json()).said, answer.ok ? "ok" : "bad");
      } catch {
        say(words.failed, "bad");
      }
      calendar.refetchEvents();
    };
    said.querySelector("div").append(form);
    said.dataset.undo = undo.seconds;
    said.dispatchEvent(new CustomEvent("treff:undo", { bubbles: true }));
  };

  /* What is shown */
  const eventOf = (entry) => {
    if (entry.kind === "hours") {
      return { groupId: "hours", start: entry.start, end: entry.end, display: "inverse-background", className: "outside" };
    }
    const names = entry.kind === "off" ? ["off"] : ["appointment", `colour-${options.several ? entry.colour : 0}`];
    if (entry.is_request || entry.is_unconfirmed) names.push("request");
    return {
      id: entry.id, title: entry.title, start: entry.start, end: entry.end, allDay: entry.all_day, url: entry.url || undefined,
      editable: options.can_move && Boolean(entry.move_url), className: names, extendedProps: entry,
    };
  };
  const element = (name, text, className = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = className;
    return made;
  };
  const content = ({ event, timeText, view }) => {
    const entry = event.extendedProps;
    if (event.display.endsWith("background")) return { domNodes: [] };
    const nodes = [element("span", event.title, "entry-title")];
    if (timeText && !view.type.startsWith("list")) nodes.unshift(element("span", `${timeText} `, "entry-time"));
    if (entry.kind !== "appointment") return { domNodes: nodes };
    if (view.type !== "dayGridMonth") {
      nodes.push(element("span", options.several ? `${entry.lead} · ${entry.host}` : entry.lead, "entry-with"));
    }
    const label = entry.is_request ? words.request : entry.is_unconfirmed ? words.unconfirmed : entry.label;
    if (!label) return { domNodes: nodes };
    const mark = element("span", label, `badge tone-${entry.is_request ? "warn" : entry.is_unconfirmed ? "neutral" : entry.tone}`);
    mark.title = label;
    return { domNodes: view.type.startsWith("list") ? [...nodes, mark] : [mark, ...nodes] };
  };

  /* Reading: again every two seconds as long as a meeting is on the way, and not while the page is hidden */
  let timer;
  const watch = (entries) => {
    clearTimeout(timer);
    const mine = entries.find((entry) => entry.id === moved);
    const mark = said.querySelector("[data-badge]");
    if (mine && mine.label) {
      [mark.textContent, mark.className, mark.hidden] = [mine.label, `badge tone-${mine.tone}`, false];
    }
    if (entries.some((entry) => entry.changing)) timer = setTimeout(again, 2000);
  };
  const again = () => {
    if (document.hidden || dialog.open || place.querySelector(".fc-event-dragging, .fc-event-resizing")) {
      timer = setTimeout(again, 2000);
    } else calendar.refetchEvents();
  };
  const WEEK = 7 * 24 * 60 * 60 * 1000;
  const readWeek = async (from, until) => {
    const query = new URLSearchParams([...options.who.map((who) => ["who", who]), ["from", day(from)], ["until", day(until)]]);
    const answer = await fetch(`${options.entries}?${query}`, { headers: { accept: "application/json" } });
    const { entries, said } = await answer.json();
    if (answer.ok) return entries;
    if (answer.status === 401) document.dispatchEvent(new CustomEvent("treff:ended", { detail: said }));
    throw new Error(said);
  };
  const read = async ({ start, end }) => {
    const weeks = [];
    for (let from = start.getTime(); from < end.getTime(); from += WEEK) {
      weeks.push(readWeek(new Date(from), new Date(Math.min(from + WEEK, end.getTime()))));
    }
    /* What reaches over the end of a week is in both. */
    const found = new Map((await Promise.all(weeks)).flat().map((entry) => [entry.id || JSON.stringify(entry), entry]));
    const entries = [...found.values()];
    watch(entries);
    return entries.map(eventOf);
  };

  /* Moving: nothing is sent before it is confirmed, since clients get mail */
  const moment = (start, minutes, sentence) => fill(sentence, { start: inWords.format(start), minutes });
  const ask = (info, minutes) => {
    const entry = info.event.extendedProps;
    dialog.querySelector("[data-title]").textContent = info.event.title;
    dialog.querySelector("[data-lead]").textContent = `${entry.lead} · ${entry.host}`;
    dialog.querySelector("[data-from]").textContent = moment(info.oldEvent.start, entry.minutes, words.from);
    dialog.querySelector("[data-to]").textContent = moment(info.event.start, minutes, words.to);
    dialog.querySelector("[data-notes]").replaceChildren(...entry.notes.map((note) => element("li", note)));
    const form = dialog.querySelector("form");
    let confirmed = false;
    form.onsubmit = (event) => {
      event.preventDefault();
      confirmed = true;
      dialog.close();
      send(info, minutes, new FormData(form));
    };
    dialog.onclose = () => confirmed || info.revert();
    dialog.showModal();
    form.querySelector("[type=submit]").focus();
  };
  const send = async (info, minutes, form) => {
    const { event } = info;
    form.set("date", day(event.start));
    form.set("time", time(event.start));
    form.set("duration_minutes", minutes);
    form.set("version", event.extendedProps.version);
    try {
      const answer = await fetch(event.extendedProps.move_url, { method: "POST", body: form, headers: { accept: "application/json" } });
      const found = await answer.json();
      if (!answer.ok) info.revert();
      else moved = event.id;
      say(found.warning ? `${found.said} ${found.warning}` : found.said, answer.ok ? (found.warning ? "warn" : "ok") : "bad");
      if (found.undo) offer(found.undo);
    } catch {
      info.revert();
      say(words.failed, "bad");
    }
    calendar.refetchEvents();
  };
  const minutesIn = (delta) => delta.years * 525600 + delta.months * 43200 + delta.days * 1440 + delta.milliseconds / 60000;

  const heightOf = (view) => (view.startsWith("timeGrid") ? 720 : "auto"); // hours are scrolled to, days are not

  const calendar = new FullCalendar.Calendar(place, {
    timeZone: "UTC", now, initialDate: options.day, initialView: views[options.view],
    locale: language, firstDay: 1, slotEventOverlap: false, height: heightOf(views[options.view]), nowIndicator: true,
    // A row is as long as a step: FullCalendar takes what is dragged by the middle of the row in which it was taken, so that with
    // two steps in a row whatever was taken in the first one landed a step later, even when it was dragged sideways.
    slotDuration: "00:15:00", snapDuration: "00:15:00", slotLabelInterval: "01:00:00",
    scrollTime: "07:00:00", slotMinTime: "00:00:00", expandRows: true, navLinks: true, dayMaxEvents: 4,
    navLinkDayClick: (date) => calendar.changeView(views.day, date),
    headerToolbar: { left: "prev,next today", center: "title", right: Object.values(views).join(",") },
    buttonIcons: false, buttonText: {
      today: words.today, prev: "‹", next: "›", [views.day]: words.day, [views.week]: words.week, [views.month]: words.month,
    },
    buttonHints: { prev: words.prev, next: words.next, today: words.today },
    allDayText: words.all_day, noEventsText: words.empty, closeHint: words.close,
    moreLinkText: (count) => fill(words.more, { count }),
    displayEventEnd: narrow.matches, eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    eventDurationEditable: true, eventResizableFromStart: false, eventLongPressDelay: 600, dragRevertDuration: 200,
    events: (span, done, failed) => read(span).then(done, failed),
    eventSourceFailure: () => say(words.stale, "bad"),
    eventContent: content,
    eventAllow: (drop, event) => drop.allDay === event.allDay,
    eventDrop: (info) => ask(info, info.event.extendedProps.minutes),
    eventResize: (info) => ask(info, info.event.extendedProps.minutes + minutesIn(info.endDelta)),
    dateClick: ({ date, allDay }) => {
      if (!options.book || date.toISOString() < now()) return;
      const chosen = { date: day(date), ...(allDay ? {} : { time: time(date) }), ...(options.host && { host: options.host }) };
      window.location.assign(`${options.book}?${new URLSearchParams(chosen)}`);
    },
    datesSet: ({ view }) => {
      view.calendar.setOption("height", heightOf(view.type));
      const column = place.querySelector(".fc-timegrid-col[data-date]"); // so hours without an entry scroll by keyboard too
      if (column) column.tabIndex = 0;
      const query = new URLSearchParams(options.who.map((who) => ["who", who]));
      query.set("date", day(view.calendar.getDate()));
      query.set("view", Object.keys(views).find((name) => views[name] === view.type) || "week");
      window.history.replaceState(null, "", `?${query}`);
      document.querySelectorAll(".whose input[type=hidden]").forEach((input) => { input.value = query.get(input.name); });
    },
  });
  document.getElementById("agenda-list").hidden = true;
  place.hidden = false;
  calendar.render();
})();
