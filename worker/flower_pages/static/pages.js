// Our pages in Flower: they renew themselves, and tell what is ticked. Without it every form works all the same.

(function () {
    "use strict";

    // --- Pages that renew themselves: [data-refresh] is asked every [data-every] ms for its new [data-part].

    function marked(element) { // what has the focus or is open, found again in what replaces it
        if (!element || !element.matches) {
            return null;
        }
        return element.id ? "#" + CSS.escape(element.id)
            : element.getAttribute("href") ? '[href="' + CSS.escape(element.getAttribute("href")) + '"]' : null;
    }

    function replace(part, fresh) {
        var focused = part.contains(document.activeElement) ? marked(document.activeElement) : null;
        if (window.getSelection && !window.getSelection().isCollapsed && part.contains(window.getSelection().anchorNode)) {
            return; // somebody is copying something
        }
        part.replaceWith(fresh);
        if (focused && fresh.querySelector(focused)) {
            fresh.querySelector(focused).focus({preventScroll: true});
        }
    }

    function stale(box) {
        var told = box.querySelector("[data-refresh-told]");
        if (told && !told.classList.contains("is-stale")) {
            told.classList.add("is-stale");
            told.textContent = told.textContent.trim() + ": Flower does not answer since";
        }
    }

    function refresh(box) {
        var url = box.getAttribute("data-refresh");
        if (document.hidden || !url) {
            return Promise.resolve();
        }
        return fetch(url, {credentials: "same-origin", cache: "no-store"}).then(function (answer) {
            if (!answer.ok && answer.status !== 503) {
                throw new Error(answer.status);
            }
            return answer.text();
        }).then(function (text) {
            var page = new DOMParser().parseFromString(text, "text/html"),
                whole = page.querySelector("[data-refresh]"),
                fresh = page.querySelector("[data-part]"),
                part = box.querySelector("[data-part]");
            if (box.hasAttribute("data-whole") && whole && !whole.hasAttribute("data-whole")) {
                window.location.reload(); // the broker is back
                return;
            }
            if (fresh && part && fresh.outerHTML !== part.outerHTML) {
                replace(part, document.adoptNode(fresh));
            }
        }).catch(function () {
            stale(box);
        });
    }

    document.querySelectorAll("[data-refresh]").forEach(function (box) {
        var every = Number(box.getAttribute("data-every"));
        function again() {
            if (box.querySelector("[data-done]")) {
                return;
            }
            window.setTimeout(function () {
                refresh(box).then(again);
            }, every);
        }
        again();
        document.addEventListener("visibilitychange", function () {
            refresh(box);
        });
    });

    // --- What is ticked, and how much money that is.

    document.querySelectorAll("[data-selection]").forEach(function (form) {
        var all = form.querySelector("[data-select-all]"),
            told = form.querySelector("[data-selection-told]"),
            ticks = Array.from(form.querySelectorAll('input[name="id"]')),
            idle = told ? told.textContent : "";
        if (!all) {
            return;
        }

        function money(chosen) { // an order counts once
            var sums = {}, seen = {};
            chosen.forEach(function (tick) {
                var order = tick.getAttribute("data-order"), currency = tick.getAttribute("data-currency");
                if (order && !seen[order]) {
                    seen[order] = true;
                    sums[currency] = (sums[currency] || 0) + Number(tick.getAttribute("data-amount"));
                }
            });
            return Object.keys(sums).map(function (currency) {
                try {
                    return new Intl.NumberFormat("en", {style: "currency", currency: currency}).format(sums[currency]);
                } catch (error) {
                    return sums[currency].toFixed(2) + " " + currency;
                }
            }).join(" and ");
        }

        function tell() {
            var chosen = ticks.filter(function (tick) { return tick.checked; }), worth = money(chosen);
            all.checked = chosen.length === ticks.length;
            all.indeterminate = chosen.length > 0 && !all.checked;
            told.textContent = chosen.length ? chosen.length + " ticked" + (worth ? ", worth " + worth : "") : idle;
            told.parentElement.classList.toggle("has-selection", chosen.length > 0);
            form.querySelectorAll("[data-needs-selection]").forEach(function (button) {
                button.disabled = !chosen.length;
            });
        }

        all.addEventListener("change", function () {
            ticks.forEach(function (tick) { tick.checked = all.checked; });
            tell();
        });
        form.addEventListener("change", tell);
        window.addEventListener("pageshow", tell); // back from the next page the browser keeps the ticks
        tell();
    });

    // On a phone the filters are folded away while none is set.
    document.querySelectorAll("details[data-folds]").forEach(function (box) {
        var set = Array.from(box.querySelectorAll("input, select")).some(function (field) { return field.value; });
        box.open = set || window.matchMedia("(min-width: 768px)").matches;
    });

    document.querySelectorAll("form[data-once]").forEach(function (form) {
        form.addEventListener("submit", function () {
            window.setTimeout(function () {
                form.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
            });
        });
        window.addEventListener("pageshow", function () {
            form.querySelectorAll("button").forEach(function (button) { button.disabled = false; });
        });
    });

    // --- Flower's table of tasks knows no state of ours: a colour for it, and the button that filters by it.

    var tasks = document.getElementById("tasks-table"), button = document.querySelector('[data-task-state="DEAD_LETTER"]');
    if (tasks && button) {
        new MutationObserver(function () {
            tasks.querySelectorAll(".badge.text-bg-secondary").forEach(function (badge) {
                if (badge.textContent === "DEAD_LETTER") {
                    badge.classList.replace("text-bg-secondary", "task-state-dead-letter");
                }
            });
            var search = document.querySelector("#tasks-table_filter input");
            if (search && /(^|\s)state:DEAD_LETTER(\s|$)/i.test(search.value)) {
                document.querySelectorAll(".task-state-filter").forEach(function (one) {
                    one.classList.toggle("active", one === button);
                    one.setAttribute("aria-pressed", one === button ? "true" : "false");
                });
            }
        }).observe(tasks, {childList: true, subtree: true});
    }
}());
