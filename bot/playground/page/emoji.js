// Shortcodes people and bots really write; an unknown one stays as it was typed, as in Slack.
const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|no_entry ⛔|no_entry_sign 🚫|warning ⚠️|rotating_light 🚨
hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|clock1 🕐|calendar 📆|date 📅|lock 🔒|unlock 🔓|key 🔑
eyes 👀|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|ok_hand 👌|point_right 👉
point_down 👇|point_up ☝️|smile 😄|smiley 😃|grinning 😀|slightly_smiling_face 🙂|wink 😉|joy 😂|thinking_face 🤔|sob 😭
sweat_smile 😅|sunglasses 😎|scream 😱|neutral_face 😐|heart ❤️|green_heart 💚|blue_heart 💙|yellow_heart 💛|purple_heart 💜
tada 🎉|sparkles ✨|fire 🔥|rocket 🚀|ship 🚢|package 📦|construction 🚧|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️
mag 🔍|bulb 💡|memo 📝|pencil ✏️|clipboard 📋|page_facing_up 📄|books 📚|bookmark 🔖|label 🏷️|link 🔗|paperclip 📎
pushpin 📌|round_pushpin 📍|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speech_balloon 💬|email 📧|inbox_tray 📥|outbox_tray 📤
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|moneybag 💰|money_with_wings 💸|dollar 💵|credit_card 💳
robot_face 🤖|computer 💻|desktop_computer 🖥️|floppy_disk 💾|cloud ☁️|zap ⚡|bug 🐛|ambulance 🚑|fire_engine 🚒|shield 🛡️
red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫
large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrows_counterclockwise 🔄|repeat 🔁|rewind ⏪|fast_forward ⏩|leftwards_arrow_with_hook ↩️
double_vertical_bar ⏸️|pause_button ⏸️|arrow_forward ▶️|black_square_for_stop ⏹️|stop_button ⏹️|octagonal_sign 🛑|question ❓|exclamation ❗|grey_question ❔
information_source ℹ️|100 💯|star ⭐|star2 🌟|trophy 🏆|crown 👑|seedling 🌱|coffee ☕|beers 🍻|pizza 🍕|snail 🐌|turtle 🐢
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|heavy_plus_sign ➕|heavy_minus_sign ➖|recycle ♻️|wastebasket 🗑️|test_tube 🧪|microscope 🔬
`;

const EMOJI = new Map(TABLE.trim().split(/[\n|]/).map((entry) => entry.split(" ")));

export const emojiFor = (name) => EMOJI.get(name.replace(/::?skin-tone-\d$/, "")) ?? null;

/** The text with every known `:shortcode:` replaced. */
export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emojiFor(name) ?? whole);
